"""Admin pages: adding and changing people."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone, translation

from dashboard.accounts import people
from dashboard.accounts.actors import Actor
from dashboard.accounts.models import User
from dashboard.accounts.roles import role_of
from dashboard.audit.models import AuditEntry
from tests.accounts.admin_pages import ADD, LIST, NEW, filled_form, page_of
from tests.accounts.cast import LOGIN, PASSWORD, send, sign_in
from tests.accounts.conftest import Story


def unchanged_form(page: HttpResponse) -> dict[str, str]:
    """Return what a browser would submit of a page, without the CSRF token."""
    form = page.context["adminform"].form
    fields = re.findall(r"<input[^>]*>", "".join(str(field) for field in form))
    sent = {}
    for field in fields:
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', field))
        if attributes["type"] != "checkbox" or "checked" in field:
            sent[attributes["name"]] = attributes.get("value", "")
    chosen = form["role"].initial
    return sent | {"role": str(chosen)}


def errors_of(answer: HttpResponse) -> dict[str, Any]:
    return dict(answer.context["adminform"].form.errors)


def test_list_shows_roles(admins: Client, staff: User, superuser: User, stranger: User) -> None:
    answer = admins.get(LIST)
    site = answer.context["cl"]
    shown = {one.username: site.model_admin.role(one) for one in site.result_list}
    assert shown == {
        "admin": "Admins",
        "staff": "Staff",
        "stranger": "None: may not enter",
        "super": "None: may not enter, superuser",
    }


def test_filter_has_the_words_of_the_roles(admins: Client, stranger: User) -> None:
    Group.objects.create(name="of a site of its own")
    with translation.override("en"):  # after it, too
        page = admins.get(LIST, headers={"Accept-Language": "de"}).content.decode()
    offered = re.findall(r'href="\?groups[^"]*"[^>]*>([^<:]*)', page)
    assert [each.strip() for each in offered] == ["Team", "Admins", "Wandanzeige", "Keine"]


def test_added_person_can_sign_in(admins: Client, admin: User, story: Callable[[], Story]) -> None:
    answer = send(
        admins,
        ADD,
        username="new",
        email="new@example.org",
        is_active="on",
        role="Staff",
        new_password=NEW,
        new_password_again=NEW,
    )
    new = User.objects.get(username="new")
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert (role_of(new), new.email, new.is_superuser) == ("Staff", "new@example.org", False)
    assert story()[-1] == ("admin", "person_added", "ok")
    assert not LogEntry.objects.exists()  # Django's own log
    browser = Client(enforce_csrf_checks=True)
    sign_in(browser, "new", NEW)
    assert browser.get("/").status_code == 200


def test_one_save_changes_name_role_and_password(admins: Client, staff: User) -> None:
    changes = {"first_name": "Sam", "role": "Admins"}
    changes |= {"new_password": NEW, "new_password_again": NEW}
    answer = send(admins, page_of(staff), **filled_form(staff, **changes))
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    changed = User.objects.get(pk=staff.pk)
    assert (changed.first_name, role_of(changed)) == ("Sam", "Admins")
    assert changed.check_password(NEW)
    entries = AuditEntry.objects.filter(actor__username="admin").order_by("id")
    assert list(entries.values_list("action", "before", "after")) == [
        (
            "person_changed",
            {"first_name": "", "role": "Staff"},
            {"first_name": "Sam", "role": "Admins"},
        ),
        ("password_changed", {}, {}),
    ]
    assert not LogEntry.objects.exists()
    assert entries[0].address == "127.0.0.1"
    assert NEW not in str(AuditEntry.objects.values_list())


def test_stale_page_does_not_undo_a_colleagues_change(
    admins: Client, admin: User, staff: User
) -> None:
    old_page = unchanged_form(admins.get(page_of(staff)))
    colleagues = {"is_active": False, "role": "", "last_name": "Ferri"}
    people.change_person(
        person=staff.pk, **colleagues, by=Actor(admin, "", "", ""), now=timezone.now()
    )

    answer = send(admins, page_of(staff), **old_page | {"first_name": "Sam"})

    assert answer.status_code == 302
    left = User.objects.get(pk=staff.pk)
    assert (left.is_active, role_of(left), left.last_name) == (False, "", "Ferri")
    assert left.first_name == "Sam"
    assert AuditEntry.objects.latest("id").after == {"first_name": "Sam"}


def test_deactivation_and_new_password_end_sessions(admins: Client, staff: User) -> None:
    theirs = Client(enforce_csrf_checks=True)
    sign_in(theirs, "staff")
    assert theirs.get("/").status_code == 200
    send(admins, page_of(staff), **filled_form(staff, new_password=NEW, new_password_again=NEW))
    assert theirs.get("/")["Location"] == f"{LOGIN}?next=/"
    sign_in(theirs, "staff", NEW)
    assert theirs.get("/").status_code == 200
    send(admins, page_of(staff), **filled_form(staff, is_active=""))
    assert theirs.get("/")["Location"] == f"{LOGIN}?next=/"


def test_own_new_password_ends_only_other_sessions(admins: Client, admin: User) -> None:
    elsewhere = Client(enforce_csrf_checks=True)
    sign_in(elsewhere, "admin")
    send(admins, page_of(admin), **filled_form(admin, new_password=NEW, new_password_again=NEW))
    assert admins.get(LIST).status_code == 200
    assert elsewhere.get(LIST).status_code == 302
    assert User.objects.get(pk=admin.pk).check_password(NEW)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "ADMIN"}, "username"),
        ({"username": "system"}, "username"),
        ({"username": ""}, "username"),
        ({"first_name": "Thе", "last_name": "sуstem"}, "last_name"),
        ({"email": "no address"}, "email"),
        ({"role": "Kings"}, "role"),
        ({"new_password": "short", "new_password_again": "short"}, "new_password"),
        ({"new_password": NEW}, "new_password_again"),
    ],
)
def test_invalid_value_is_reported_at_its_field(
    admins: Client, staff: User, changes: dict[str, str], field: str
) -> None:
    answer = send(admins, page_of(staff), **filled_form(staff, **changes))
    assert list(errors_of(answer)) == [field]
    assert User.objects.get(pk=staff.pk).check_password(PASSWORD)


def test_new_person_needs_a_password(admins: Client) -> None:
    answer = send(admins, ADD, username="new", role="Staff", is_active="on")
    assert list(errors_of(answer)) == ["new_password", "new_password_again"]
    assert not User.objects.filter(username="new").exists()


@pytest.mark.parametrize("typed", ["lukasz", "ŁUKASZ", "wisniewska"])
def test_search_finds_other_spellings(admins: Client, staff: User, typed: str) -> None:
    User.objects.filter(pk=staff.pk).update(first_name="Łukasz", last_name="Wiśniewska")
    listed = admins.get(LIST, {"q": typed}).context["cl"].queryset
    assert [person.pk for person in listed] == [staff.pk]


def test_long_search(admins: Client, staff: User) -> None:
    """SQLite limits the depth of an expression to a thousand."""
    assert admins.get(LIST, {"q": "a " * 1500}).status_code == 200


def test_offered_filters_work(admins: Client, staff: User) -> None:
    offered = re.findall(r'<a href="(\?[^"]+)"', admins.get(LIST).content.decode())
    filters = [address for address in offered if "__" in address]
    assert len(filters) == 6  # active or not, and the four choices of groups
    assert {admins.get(LIST + unescape(address)).status_code for address in filters} == {200}


def test_list_is_named_after_people_and_begins_with_what_matters(
    admins: Client, staff: User
) -> None:
    """Name the columns as the form does; on a phone only the first three show."""
    User.objects.filter(pk=staff.pk).update(first_name="Ada", last_name="Ferri")
    page = admins.get(LIST).content.decode()
    heads = re.findall(r'<div class="text">(?:<a[^>]*>|<span>)([^<]+)', page)
    assert heads == ["Name to sign in with", "Name", "Role", "Active", "Email address"]
    assert re.search(r"<title>\s*People · Holdfast\s*</title>", page)
    assert "<h1>People</h1>" in page
    by_name = admins.get(LIST, {"o": "2"}).context["cl"].result_list
    assert [person.get_full_name() for person in by_name][-1] == "Ada Ferri"


def test_page_of_a_person_is_named_after_the_person(admins: Client, staff: User) -> None:
    title = re.search(r"<title>(.*?)</title>", admins.get(page_of(staff)).content.decode(), re.S)
    assert title
    assert " ".join(title[1].split()) == f"{staff} · Change person · Holdfast"


def test_browser_fills_in_nothing_of_its_own(admins: Client, staff: User) -> None:
    """It knows the Admin's name and address, and not those of the person on the page."""
    for page in (ADD, page_of(staff)):
        fields = re.findall("<input[^>]*>", admins.get(page).content.decode())
        texts = [each for each in fields if re.search('type="(text|email)"', each)]
        assert len(texts) == 4
        assert [each for each in texts if 'autocomplete="off"' not in each] == []
