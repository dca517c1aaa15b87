"""People and their roles on the admin pages: all that can be done there, and all that cannot."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from dashboard.accounts import people
from dashboard.accounts.models import User
from dashboard.accounts.roles import role_of
from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import LOGIN, PASSWORD, expire, send, sign_in
from tests.accounts.conftest import Story

LIST = "/admin/dashboard/user/"
ADD = f"{LIST}add/"
NEW = "another horse 8"


def page_of(user: User) -> str:
    return f"{LIST}{user.pk}/change/"


def wish(user: User, **changes: str) -> dict[str, str]:
    """The form as the page of this person shows it, with changes; "" for an empty box."""
    form = {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "is_active": "on" if user.is_active else "",
        "role": role_of(user).value,
    }
    shown = {f"initial-{name}": value for name, value in form.items()}
    form |= {"new_password": "", "new_password_again": "", **changes}
    return shown | {name: value for name, value in form.items() if value or name != "is_active"}


def shown_by(page: HttpResponse) -> dict[str, str]:
    """What a browser would send of the form as it came, but for its token."""
    form = page.context["adminform"].form
    fields = re.findall(r"<input[^>]*>", "".join(str(field) for field in form))
    sent = {}
    for field in fields:
        said = dict(re.findall(r'(\w+)="([^"]*)"', field))
        if said["type"] != "checkbox" or "checked" in field:
            sent[said["name"]] = said.get("value", "")
    chosen = form["role"].initial
    return sent | {"role": str(chosen)}


def errors_of(answer: HttpResponse) -> dict[str, Any]:
    return dict(answer.context["adminform"].form.errors)


@pytest.fixture
def desk(browser: Client, admin: User) -> Client:
    """The browser of an Admin who is no superuser."""
    sign_in(browser, "admin")
    browser.get(LIST)
    return browser


@pytest.fixture
def top_desk(superuser: User) -> Client:
    browser = Client(enforce_csrf_checks=True)
    sign_in(browser, "super")
    return browser


def test_people_are_listed_with_their_roles(
    desk: Client, staff: User, superuser: User, stranger: User
) -> None:
    answer = desk.get(LIST)
    site = answer.context["cl"]
    shown = {one.username: site.model_admin.role(one) for one in site.result_list}
    assert shown == {
        "admin": "Admins",
        "staff": "Staff",
        "stranger": "None: may not enter",
        "super": "None: may not enter, superuser",
    }


def test_an_admin_adds_a_person_who_can_then_sign_in(
    desk: Client, admin: User, story: Callable[[], Story]
) -> None:
    answer = send(
        desk,
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
    browser = Client(enforce_csrf_checks=True)
    sign_in(browser, "new", NEW)
    assert browser.get("/").status_code == 200


def test_an_admin_changes_names_role_and_password_in_one_save(desk: Client, staff: User) -> None:
    changes = {"first_name": "Sam", "role": "Admins"}
    changes |= {"new_password": NEW, "new_password_again": NEW}
    answer = send(desk, page_of(staff), **wish(staff, **changes))
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    changed = User.objects.get(pk=staff.pk)
    assert (changed.first_name, role_of(changed)) == ("Sam", "Admins")
    assert changed.check_password(NEW)
    entries = AuditEntry.objects.filter(actor__username="admin").order_by("id")
    assert list(entries.values_list("action", "before", "after")) == [
        ("sign_in", {}, {}),
        (
            "person_changed",
            {"first_name": "", "role": "Staff"},
            {"first_name": "Sam", "role": "Admins"},
        ),
        ("password_changed", {}, {}),
    ]
    assert entries[1].address == "127.0.0.1"
    assert NEW not in str(AuditEntry.objects.values_list())


def test_a_page_from_before_a_colleagues_change_does_not_undo_it(
    desk: Client, admin: User, staff: User
) -> None:
    old_page = shown_by(desk.get(page_of(staff)))
    colleagues = {"is_active": False, "role": "", "last_name": "Ferri"}
    people.change_person(
        person=staff.pk, **colleagues, by=Actor(admin, "", "", ""), now=timezone.now()
    )

    answer = send(desk, page_of(staff), **old_page | {"first_name": "Sam"})

    assert answer.status_code == 302
    left = User.objects.get(pk=staff.pk)
    assert (left.is_active, role_of(left), left.last_name) == (False, "", "Ferri")
    assert left.first_name == "Sam"
    assert AuditEntry.objects.latest("id").after == {"first_name": "Sam"}


def test_the_page_is_the_only_log_of_changes(desk: Client, staff: User) -> None:
    send(desk, page_of(staff), **wish(staff, first_name="Sam"))
    assert LogEntry.objects.count() == 0


def test_switching_somebody_off_or_a_new_password_ends_their_sessions(
    desk: Client, staff: User
) -> None:
    theirs = Client(enforce_csrf_checks=True)
    sign_in(theirs, "staff")
    assert theirs.get("/").status_code == 200
    send(desk, page_of(staff), **wish(staff, new_password=NEW, new_password_again=NEW))
    assert theirs.get("/")["Location"] == f"{LOGIN}?next=/"
    sign_in(theirs, "staff", NEW)
    assert theirs.get("/").status_code == 200
    send(desk, page_of(staff), **wish(staff, is_active=""))
    assert theirs.get("/")["Location"] == f"{LOGIN}?next=/"


def test_ones_own_new_password_keeps_ones_own_session_and_ends_the_others(
    desk: Client, admin: User
) -> None:
    elsewhere = Client(enforce_csrf_checks=True)
    sign_in(elsewhere, "admin")
    send(desk, page_of(admin), **wish(admin, new_password=NEW, new_password_again=NEW))
    assert desk.get(LIST).status_code == 200
    assert elsewhere.get(LIST).status_code == 302
    assert User.objects.get(pk=admin.pk).check_password(NEW)


@pytest.mark.parametrize(
    "forged",
    [
        {"is_superuser": "on"},
        {"is_staff": "on"},
        {"user_permissions": "1"},
        {"groups": "2"},
        {"password": "pbkdf2_sha256$1$a$b"},
        {"last_login": "2030-01-01"},
        {"id": "1"},
    ],
)
def test_forged_fields_are_not_read(desk: Client, staff: User, forged: dict[str, str]) -> None:
    choir = Group.objects.create(name="Choir")
    if "groups" in forged:
        forged = {"groups": str(choir.pk)}
    if "user_permissions" in forged:
        forged = {"user_permissions": str(Permission.objects.order_by("pk")[0].pk)}
    before = User.objects.values().get(pk=staff.pk)
    answer = send(desk, page_of(staff), **wish(staff), **forged)
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert User.objects.values().get(pk=staff.pk) == before
    assert list(staff.groups.values_list("name", flat=True)) == ["Staff"]
    assert staff.user_permissions.count() == 0
    send(
        desk,
        ADD,
        username="new",
        role="Staff",
        is_active="on",
        new_password=NEW,
        new_password_again=NEW,
        **{name: value for name, value in forged.items() if name != "id"},
    )
    new = User.objects.get(username="new")
    assert (new.is_superuser, new.is_staff, new.last_login) == (False, False, None)
    assert (new.group_names, new.user_permissions.count()) == ({"Staff"}, 0)
    assert new.check_password(NEW)


def test_ones_own_role_and_switch_are_locked_even_against_a_forged_form(
    desk: Client, admin: User
) -> None:
    said = desk.get(page_of(admin)).content.decode()
    assert said.count("Another Admin has to change this for you.") == 2
    answer = send(desk, page_of(admin), **wish(admin, role="Staff", is_active="", first_name="Ada"))
    assert answer.status_code == 302
    own = User.objects.get(pk=admin.pk)
    assert (own.is_admin, own.is_active, own.first_name) == (True, True, "Ada")


def test_an_admin_can_only_look_at_a_superuser(
    desk: Client, superuser: User, story: Callable[[], Story]
) -> None:
    said = desk.get(page_of(superuser)).content.decode()
    assert superuser.password not in said
    assert 'name="username"' not in said
    answer = send(desk, page_of(superuser), **wish(superuser, is_active="", new_password=NEW))
    assert answer.status_code == 403
    untouched = User.objects.get(pk=superuser.pk)
    assert (untouched.is_active, untouched.check_password(PASSWORD)) == (True, True)
    assert story()[-1] == ("admin", "denied", "refused")


def test_superusers_count_as_admins_and_change_each_other(
    top_desk: Client, superuser: User, admin: User
) -> None:
    send(top_desk, page_of(admin), **wish(admin, role="Staff"))
    assert role_of(User.objects.get(pk=admin.pk)) == "Staff"
    said = top_desk.get(page_of(superuser)).content.decode()
    assert 'name="username"' in said


def test_a_refusal_that_only_the_service_sees_is_told_and_audited(
    desk: Client, staff: User, monkeypatch: pytest.MonkeyPatch, story: Callable[[], Story]
) -> None:
    """As in a race: between the gate and the lock, somebody else took the role away."""

    def lost(by: object) -> None:
        raise people.NotAdminError

    monkeypatch.setattr(people, "_check_still_admin", lost)
    answer = send(desk, page_of(staff), **wish(staff, first_name="Sam"))
    assert answer["Location"] == page_of(staff)
    assert "you are no longer one" in desk.get(page_of(staff)).content.decode()
    assert User.objects.get(pk=staff.pk).first_name == ""
    assert story()[-1] == ("admin", "person_changed", "refused")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "ADMIN"}, "username"),
        ({"username": "system"}, "username"),
        ({"username": ""}, "username"),
        ({"email": "no address"}, "email"),
        ({"role": "Kings"}, "role"),
        ({"new_password": "short", "new_password_again": "short"}, "new_password"),
        ({"new_password": NEW}, "new_password_again"),
    ],
)
def test_what_does_not_fit_is_told_beside_its_field(
    desk: Client, staff: User, changes: dict[str, str], field: str
) -> None:
    answer = send(desk, page_of(staff), **wish(staff, **changes))
    assert list(errors_of(answer)) == [field]
    assert User.objects.get(pk=staff.pk).check_password(PASSWORD)


def test_a_new_person_needs_a_password(desk: Client) -> None:
    answer = send(desk, ADD, username="new", role="Staff", is_active="on")
    assert list(errors_of(answer)) == ["new_password", "new_password_again"]
    assert not User.objects.filter(username="new").exists()


@pytest.mark.parametrize("page", ["delete/", "history/", "password/"])
def test_nobody_can_be_deleted_and_there_is_no_way_around_the_service(
    desk: Client, staff: User, page: str
) -> None:
    address = f"{LIST}{staff.pk}/{page}"
    assert desk.get(address).status_code == 404
    send(desk, address, post="yes", password1=NEW, password2=NEW)
    send(desk, LIST, action="delete_selected", _selected_action=str(staff.pk), post="yes")
    untouched = User.objects.get(pk=staff.pk)
    assert untouched.check_password(PASSWORD)


@pytest.mark.parametrize(
    "name",
    ["auth_group_changelist", "dashboard_auditentry_changelist", "password_change", "logout"],
)
def test_nothing_else_of_djangos_admin_is_there(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:{name}")


def test_the_other_addresses_lead_to_the_list(desk: Client) -> None:
    for address in ("/admin/", "/admin/login/", "/admin/dashboard/"):
        assert desk.get(address)["Location"] == LIST


def test_djangos_own_sign_in_is_ours(db: None, browser: Client) -> None:
    assert browser.get("/admin/login/")["Location"] == f"{LOGIN}?next=/admin/login/"
    assert browser.get(LIST)["Location"] == f"{LOGIN}?next={LIST}"


def test_staff_get_no_further_than_a_403(browser: Client, staff: User, admin: User) -> None:
    sign_in(browser, "staff")
    for address in ("/admin/", "/admin/login/", "/admin/jsi18n/", LIST, ADD, page_of(admin)):
        assert browser.get(address).status_code == 403
    browser.get("/")
    answer = send(browser, page_of(staff), **wish(staff, role="Admins"))
    assert answer.status_code == 403
    assert role_of(User.objects.get(pk=staff.pk)) == "Staff"


def test_the_list_cannot_be_asked_how_a_password_begins(desk: Client, superuser: User) -> None:
    right = superuser.password[:12]
    for lookup in ("password", "password__startswith", "password__gt", "is_superuser__exact"):
        assert desk.get(LIST, {lookup: right}).status_code == 400


def test_a_search_of_any_length_is_answered(desk: Client, staff: User) -> None:
    """SQLite refuses an expression of more than a thousand parts in one another."""
    assert desk.get(LIST, {"q": "a " * 1500}).status_code == 200


def test_the_list_can_be_filtered_by_what_it_offers(desk: Client, staff: User) -> None:
    offered = re.findall(r'<a href="(\?[^"]+)"', desk.get(LIST).content.decode())
    filters = [address for address in offered if "__" in address]
    assert len(filters) == 5  # switched on or not, and the three groups that one can be in
    assert {desk.get(LIST + unescape(address)).status_code for address in filters} == {200}


def test_an_expired_session_leads_back_to_the_page_and_saves_nothing(
    desk: Client, staff: User
) -> None:
    expire(desk)
    answer = send(desk, page_of(staff), **wish(staff, role="Admins"))
    assert answer["Location"] == f"{LOGIN}?next={page_of(staff)}"
    sign_in(desk, "admin", next=page_of(staff))
    assert role_of(User.objects.get(pk=staff.pk)) == "Staff"
