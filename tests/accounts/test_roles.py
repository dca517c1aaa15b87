"""Who is what, and what finding it out costs."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, Group
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from dashboard.accounts.context import roles
from dashboard.accounts.groups import lay_groups
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role, is_admin, is_staff_member, role_of
from tests.accounts.cast import person


def test_the_cast(staff: User, admin: User, superuser: User, stranger: User) -> None:
    anonymous = AnonymousUser()
    everybody = (staff, admin, superuser, stranger, anonymous)
    assert [is_staff_member(one) for one in everybody] == [True, True, True, False, False]
    assert [is_admin(one) for one in everybody] == [False, True, True, False, False]


def test_who_is_switched_off_is_nothing(staff: User, admin: User, superuser: User) -> None:
    for one in (staff, admin, superuser):
        one.is_active = False
        assert (is_staff_member(one), is_admin(one)) == (False, False)


def test_the_stronger_of_two_groups_counts(staff: User) -> None:
    staff.groups.add(Group.objects.get(name="Admins"))
    fresh = User.objects.get(pk=staff.pk)
    assert (role_of(fresh), is_admin(fresh)) == (Role.ADMINS, True)


def test_asking_again_and_again_costs_one_query(
    admin: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fresh = User.objects.get(pk=admin.pk)
    with django_assert_num_queries(1):
        assert is_admin(fresh)
        assert is_staff_member(fresh)
        assert role_of(fresh) is Role.ADMINS


def test_a_list_of_people_costs_no_query_each(
    staff: User, admin: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        people = User.objects.order_by("pk").prefetch_related("groups")
        assert [role_of(one) for one in people] == [Role.STAFF, Role.ADMINS]


def test_templates_know_the_role_even_where_a_request_had_no_user(rf: RequestFactory) -> None:
    assert roles(rf.get("/")) == {"is_admin": False, "is_member": False}


def test_the_groups_exist_after_migrate_and_making_them_again_changes_nothing(db: None) -> None:
    before = list(Group.objects.order_by("pk").values_list("pk", "name"))
    lay_groups()
    assert list(Group.objects.order_by("pk").values_list("pk", "name")) == before
    assert [name for _, name in before] == ["Staff", "Admins"]


def test_a_missing_group_comes_back_with_the_next_migrate(db: None) -> None:
    Group.objects.all().delete()
    call_command("migrate", verbosity=0)
    assert set(Group.objects.values_list("name", flat=True)) == {"Staff", "Admins"}


def test_the_groups_come_back_after_a_flush_too(db: None) -> None:
    Group.objects.all().delete()
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")  # as flush does
    assert person("first", Role.ADMINS).group_names == {"Admins"}
