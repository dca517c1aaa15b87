"""Admin pages: permissions, and what a forged request cannot do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import NoReverseMatch, reverse

from dashboard.accounts import people
from dashboard.accounts.models import User
from dashboard.accounts.roles import role_of
from tests.accounts.admin_pages import ADD, LIST, NEW, filled_form, page_of
from tests.accounts.cast import LOGIN, PASSWORD, expire, send, sign_in
from tests.accounts.conftest import Story

pytestmark = pytest.mark.slow  # details: the fast lane has test_admin


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
def test_forged_fields_are_ignored(admins: Client, staff: User, forged: dict[str, str]) -> None:
    unrelated = Group.objects.create(name="Unrelated")
    if "groups" in forged:
        forged = {"groups": str(unrelated.pk)}
    if "user_permissions" in forged:
        forged = {"user_permissions": str(Permission.objects.order_by("pk")[0].pk)}
    before = User.objects.values().get(pk=staff.pk)
    answer = send(admins, page_of(staff), **filled_form(staff), **forged)
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert User.objects.values().get(pk=staff.pk) == before
    assert list(staff.groups.values_list("name", flat=True)) == ["Staff"]
    assert staff.user_permissions.count() == 0
    send(
        admins,
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


def test_own_role_is_locked_against_forged_forms(admins: Client, admin: User) -> None:
    page = admins.get(page_of(admin)).content.decode()
    assert page.count("Another Admin has to change this for you.") == 2
    answer = send(
        admins, page_of(admin), **filled_form(admin, role="Staff", is_active="", first_name="Ada")
    )
    assert answer.status_code == 302
    own = User.objects.get(pk=admin.pk)
    assert (own.is_admin, own.is_active, own.first_name) == (True, True, "Ada")


def test_admin_can_only_view_a_superuser(
    admins: Client, superuser: User, story: Callable[[], Story]
) -> None:
    page = admins.get(page_of(superuser)).content.decode()
    assert superuser.password not in page
    assert 'name="username"' not in page
    answer = send(
        admins, page_of(superuser), **filled_form(superuser, is_active="", new_password=NEW)
    )
    assert answer.status_code == 403
    untouched = User.objects.get(pk=superuser.pk)
    assert (untouched.is_active, untouched.check_password(PASSWORD)) == (True, True)
    assert story()[-1] == ("admin", "denied", "refused")


def test_superuser_changes_admins_and_superusers(
    superusers: Client, superuser: User, admin: User
) -> None:
    send(superusers, page_of(admin), **filled_form(admin, role="Staff"))
    assert role_of(User.objects.get(pk=admin.pk)) == "Staff"
    page = superusers.get(page_of(superuser)).content.decode()
    assert 'name="username"' in page


def test_refusal_by_the_service_is_shown_and_logged(
    admins: Client, staff: User, monkeypatch: pytest.MonkeyPatch, story: Callable[[], Story]
) -> None:
    """Simulate a colleague who takes the role away between access check and lock."""

    def refuse(by: object) -> None:
        raise people.NotAdminError

    monkeypatch.setattr(people, "check_admin", refuse)
    answer = send(admins, page_of(staff), **filled_form(staff, first_name="Sam"))
    assert answer["Location"] == page_of(staff)
    assert "you are no longer one" in admins.get(page_of(staff)).content.decode()
    assert User.objects.get(pk=staff.pk).first_name == ""
    assert story()[-1] == ("admin", "person_changed", "refused")


@pytest.mark.parametrize("page", ["delete/", "history/", "password/"])
def test_no_page_deletes_people_or_bypasses_the_service(
    admins: Client, staff: User, page: str
) -> None:
    address = f"{LIST}{staff.pk}/{page}"
    assert admins.get(address).status_code == 404
    send(admins, address, post="yes", password1=NEW, password2=NEW)
    send(admins, LIST, action="delete_selected", _selected_action=str(staff.pk), post="yes")
    untouched = User.objects.get(pk=staff.pk)
    assert untouched.check_password(PASSWORD)


@pytest.mark.parametrize(
    "name",
    ["auth_group_changelist", "dashboard_auditentry_changelist", "password_change", "logout"],
)
def test_other_admin_pages_do_not_exist(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:{name}")


def test_index_pages_redirect_to_the_list(admins: Client) -> None:
    for address in ("/admin/", "/admin/login/", "/admin/dashboard/"):
        assert admins.get(address)["Location"] == LIST


def test_admin_login_redirects_to_the_sign_in_page(db: None, browser: Client) -> None:
    assert browser.get("/admin/login/")["Location"] == f"{LOGIN}?next=/admin/login/"
    assert browser.get(LIST)["Location"] == f"{LOGIN}?next={LIST}"


def test_staff_get_403(browser: Client, staff: User, admin: User) -> None:
    sign_in(browser, "staff")
    for address in ("/admin/", "/admin/login/", "/admin/jsi18n/", LIST, ADD, page_of(admin)):
        assert browser.get(address).status_code == 403
    browser.get("/")
    answer = send(browser, page_of(staff), **filled_form(staff, role="Admins"))
    assert answer.status_code == 403
    assert role_of(User.objects.get(pk=staff.pk)) == "Staff"


def test_list_cannot_filter_by_password_hash(admins: Client, superuser: User) -> None:
    prefix = superuser.password[:12]
    for lookup in ("password", "password__startswith", "password__gt", "is_superuser__exact"):
        assert admins.get(LIST, {lookup: prefix}).status_code == 400


def test_expired_session_leads_back_to_the_page_and_changes_nothing(
    admins: Client, staff: User
) -> None:
    expire(admins)
    answer = send(admins, page_of(staff), **filled_form(staff, role="Admins"))
    assert answer["Location"] == f"{LOGIN}?next={page_of(staff)}"
    sign_in(admins, "admin", next=page_of(staff))
    assert role_of(User.objects.get(pk=staff.pk)) == "Staff"
