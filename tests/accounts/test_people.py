"""Services that change people: permissions, audit entries, and the last Admin."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Model

from dashboard.accounts import people
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role, role_of
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import NOW, PASSWORD, acting, person
from tests.accounts.conftest import Story


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


def last_entry() -> AuditEntry:
    return AuditEntry.objects.latest("id")


def test_admin_adds_a_person(admin: User) -> None:
    added = people.add_person(
        username="new",
        role=Role.STAFF,
        password=PASSWORD,
        first_name="Nora",
        email="nora@example.org",
        by=acting(admin),
        now=NOW,
    )
    assert fresh(added).check_password(PASSWORD)
    assert (fresh(added).is_superuser, fresh(added).is_staff) == (False, False)
    entry = last_entry()
    assert (entry.actor, entry.action, entry.outcome) == (admin, "person_added", "ok")
    assert (entry.at, entry.address, entry.request_id) == (NOW, "192.0.2.7", "r1")
    assert entry.asked == {"person": added.pk, "username": "new"}
    assert entry.after == {
        "username": "new",
        "first_name": "Nora",
        "last_name": "",
        "email": "nora@example.org",
        "is_active": True,
        "is_superuser": False,
        "role": "Staff",
    }
    assert PASSWORD not in str(AuditEntry.objects.values_list())


@pytest.mark.django_db
def test_people_of_the_tests_are_as_if_added() -> None:
    """``cast.person`` leaves the checks out, and nothing else."""
    made = person("made", Role.ADMINS)
    added = people.add_person(
        username="added", role=Role.ADMINS, password=PASSWORD, by=None, now=NOW
    )
    assert Group.objects.get(name=Role.ADMINS) in fresh(made).groups.all()
    own = {"id", "username", "password"}
    assert column_values(made, own) == column_values(added, own)
    entries = AuditEntry.objects.order_by("id")[:2]
    assert entries[0].after | {"username": "added"} == entries[1].after
    own = {"id", "asked", "after", "action_id", "content_hash"}
    assert column_values(entries[0], own) == column_values(entries[1], own)


def column_values(row: Model, own: set[str]) -> dict[str, object]:
    """Return the values of a row's columns, without those that are its own."""
    names = {field.attname for field in row._meta.concrete_fields} - own
    return {name: getattr(row, name) for name in sorted(names)}


def test_person_without_password_cannot_sign_in(admin: User) -> None:
    added = people.add_person(username="new", role=Role.STAFF, by=acting(admin), now=NOW)
    assert not fresh(added).has_usable_password()


def test_entry_has_only_the_changed_values(admin: User, staff: User) -> None:
    people.change_person(
        person=staff.pk,
        username="staff",
        last_name="Ohm",
        role=Role.ADMINS,
        by=acting(admin),
        now=NOW,
    )
    changed = fresh(staff)
    assert (changed.last_name, role_of(changed), changed.username) == ("Ohm", "Admins", "staff")
    entry = last_entry()
    assert (entry.actor, entry.action, entry.outcome) == (admin, "person_changed", "ok")
    assert entry.before == {"last_name": "", "role": "Staff"}
    assert entry.after == {"last_name": "Ohm", "role": "Admins"}


def test_change_without_difference_is_not_logged(
    admin: User, staff: User, story: Callable[[], Story]
) -> None:
    people.change_person(
        person=staff.pk, is_active=True, role=Role.STAFF, by=acting(admin), now=NOW
    )
    assert story() == []


def test_unrelated_groups_are_kept(admin: User, staff: User) -> None:
    staff.groups.add(Group.objects.create(name="Unrelated"))
    people.change_person(person=staff.pk, role=Role.NONE, by=acting(admin), now=NOW)
    assert fresh(staff).group_names == {"Unrelated"}


def test_system_changes_people(staff: User) -> None:
    people.change_person(person=staff.pk, is_active=False, by=None, now=NOW)
    entry = last_entry()
    assert (entry.actor, entry.actor_name, entry.after) == (None, "system", {"is_active": False})


REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("staff", "colleague", {"last_name": "x"}, "not_admin"),
    ("staff", "staff", {"role": Role.ADMINS}, "not_admin"),
    ("stranger", "stranger", {"role": Role.STAFF}, "not_admin"),
    ("admin", "admin", {"role": Role.STAFF}, "own_role"),
    ("admin", "admin", {"role": Role.NONE}, "own_role"),
    ("admin", "admin", {"is_active": False}, "own_role"),
    ("super", "super", {"role": Role.ADMINS}, "own_role"),
    ("admin", "super", {"is_active": False}, "superuser"),
    ("admin", "super", {"email": "mine@example.org"}, "superuser"),
]


@pytest.mark.parametrize(("actor", "person", "changes", "code"), REFUSED)
@pytest.mark.usefixtures("staff", "colleague", "stranger", "admin", "superuser")
def test_refused_change_is_logged_and_changes_nothing(
    actor: str, person: str, changes: dict[str, Any], code: str
) -> None:
    by, target = User.objects.get(username=actor), User.objects.get(username=person)
    before = User.objects.values().get(pk=target.pk)
    with pytest.raises(people.PeopleError) as refused:
        people.change_person(person=target.pk, **changes, by=acting(by), now=NOW)
    assert refused.value.code == code
    assert User.objects.values().get(pk=target.pk) == before
    assert role_of(fresh(target)) == role_of(target)
    entry = last_entry()
    assert (entry.actor, entry.action, entry.outcome) == (by, "person_changed", "refused")
    assert (entry.error_code, entry.asked) == (code, {"person": target.pk, "username": person})


def test_admin_changes_own_name_and_password(admin: User) -> None:
    people.change_person(
        person=admin.pk,
        first_name="Ada",
        is_active=True,
        role=Role.ADMINS,
        by=acting(admin),
        now=NOW,
    )
    people.set_password(person=admin.pk, password="another horse 8", by=acting(admin), now=NOW)
    assert fresh(admin).first_name == "Ada"
    assert fresh(admin).check_password("another horse 8")
    assert (last_entry().action, last_entry().before, last_entry().after) == (
        "password_changed",
        {},
        {},
    )


def test_only_superusers_set_the_password_of_a_superuser(admin: User, superuser: User) -> None:
    with pytest.raises(people.SuperuserError):
        people.set_password(
            person=superuser.pk, password="stolen it 123", by=acting(admin), now=NOW
        )
    assert fresh(superuser).check_password(PASSWORD)
    other = person("super2", Role.NONE, superuser=True)
    people.set_password(person=superuser.pk, password="forgotten 123", by=acting(other), now=NOW)
    assert fresh(superuser).check_password("forgotten 123")


def test_only_the_system_adds_superusers(superuser: User) -> None:
    with pytest.raises(people.SuperuserError):
        people.add_person(
            username="x", role=Role.ADMINS, superuser=True, by=acting(superuser), now=NOW
        )
    assert not User.objects.filter(username="x").exists()


@pytest.mark.parametrize("changes", [{"is_active": False}, {"role": Role.STAFF}])
def test_last_active_admin_stays_even_for_the_system(admin: User, changes: dict[str, Any]) -> None:
    off = person("off", Role.ADMINS)
    people.change_person(person=off.pk, is_active=False, by=None, now=NOW)
    with pytest.raises(people.LastAdminError):
        people.change_person(person=admin.pk, **changes, by=None, now=NOW)
    assert fresh(admin).is_admin
    assert (last_entry().outcome, last_entry().error_code) == ("refused", "last_admin")


def test_people_can_be_changed_without_any_admin(staff: User) -> None:
    people.change_person(person=staff.pk, role=Role.ADMINS, by=None, now=NOW)
    assert fresh(staff).is_admin


@pytest.mark.parametrize(
    "name", ["staff", "STAFF", "system", "System", "ｓｔａｆｆ", "a b", "", "x" * 151]
)
def test_refused_usernames(staff: User, admin: User, name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        people.add_person(username=name, role=Role.STAFF, by=acting(admin), now=NOW)
    assert set(refused.value.message_dict) == {"username"}
    with pytest.raises(ValidationError):
        people.change_person(person=admin.pk, username=name, by=acting(admin), now=NOW)
    assert User.objects.count() == 2


@pytest.mark.parametrize("password", ["", "short", "password123", "qwertyuiop"])
def test_weak_passwords_are_refused(staff: User, admin: User, password: str) -> None:
    with pytest.raises(ValidationError) as refused:
        people.set_password(person=staff.pk, password=password, by=acting(admin), now=NOW)
    assert set(refused.value.message_dict) == {"password"}
    assert fresh(staff).check_password(PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_two_admins_deactivating_each_other_leave_one() -> None:
    for turn in range(8):
        ada, bob = person(f"ada{turn}", Role.ADMINS), person(f"bob{turn}", Role.ADMINS)
        User.objects.exclude(pk__in=[ada.pk, bob.pk]).update(is_active=False)
        outcomes = in_parallel(deactivate(bob, by=ada), deactivate(ada, by=bob))
        assert sorted(outcomes) == ["done", "not_admin"]
        assert [one.is_admin for one in (fresh(ada), fresh(bob))].count(True) == 1


@pytest.mark.django_db(transaction=True)
def test_two_operators_deactivating_the_last_admins_leave_one() -> None:
    for turn in range(8):
        ada, bob = person(f"ada{turn}", Role.ADMINS), person(f"bob{turn}", Role.ADMINS)
        User.objects.exclude(pk__in=[ada.pk, bob.pk]).update(is_active=False)
        outcomes = in_parallel(deactivate(bob, by=None), deactivate(ada, by=None))
        assert sorted(outcomes) == ["done", "last_admin"]
        assert User.objects.filter(is_active=True, groups__name="Admins").count() == 1


def deactivate(target: User, *, by: User | None) -> Callable[[], str]:
    def run() -> str:
        try:
            people.change_person(
                person=target.pk, is_active=False, by=None if by is None else acting(by), now=NOW
            )
        except people.PeopleError as refused:
            return refused.code
        return "done"

    return run


def in_parallel(*calls: Callable[[], str]) -> list[str]:
    start = threading.Barrier(len(calls))

    def call_at_once(call: Callable[[], str]) -> str:
        try:
            connection.ensure_connection()
            start.wait(60)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call_at_once, calls))
