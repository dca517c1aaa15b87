"""Roles and groups, and the queries to read them."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, Group
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from pytest_django import DjangoAssertNumQueries

from dashboard.accounts.models import User
from dashboard.accounts.roles import Role, create_groups, is_admin, role_of
from tests.accounts.cast import person


def test_roles_of_people(staff: User, admin: User, superuser: User, stranger: User) -> None:
    people = (staff, admin, superuser, stranger)
    assert [one.is_member for one in people] == [True, True, True, False]
    everyone = (*people, AnonymousUser())
    assert [is_admin(one) for one in everyone] == [False, True, True, False, False]


def test_inactive_people_have_no_rights(staff: User, admin: User, superuser: User) -> None:
    for one in (staff, admin, superuser):
        one.is_active = False
        assert (one.is_member, one.is_admin, one.may_see_holds) == (False, False, False)


def test_stronger_of_two_groups_counts(staff: User) -> None:
    staff.groups.add(Group.objects.get(name="Admins"))
    fresh = User.objects.get(pk=staff.pk)
    assert (role_of(fresh), is_admin(fresh)) == (Role.ADMINS, True)


def test_roles_are_read_once_per_object(
    admin: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fresh = User.objects.get(pk=admin.pk)
    with django_assert_num_queries(1):
        assert fresh.is_admin
        assert fresh.is_member
        assert role_of(fresh) is Role.ADMINS


def test_list_of_people_takes_two_queries(
    staff: User, admin: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        people = User.objects.order_by("pk").prefetch_related("groups")
        assert [role_of(one) for one in people] == [Role.STAFF, Role.ADMINS]


def test_groups_exist_after_migrate(db: None) -> None:
    before = list(Group.objects.order_by("pk").values_list("pk", "name"))
    create_groups()
    assert list(Group.objects.order_by("pk").values_list("pk", "name")) == before
    assert [name for _, name in before] == ["Staff", "Admins", "Wallboard"]


def test_migrate_restores_groups(db: None) -> None:
    Group.objects.all().delete()
    call_command("migrate", verbosity=0)
    assert set(Group.objects.values_list("name", flat=True)) == {"Staff", "Admins", "Wallboard"}


def test_flush_restores_groups(db: None) -> None:
    Group.objects.all().delete()
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")  # as flush does
    assert person("first", Role.ADMINS).group_names == {"Admins"}
