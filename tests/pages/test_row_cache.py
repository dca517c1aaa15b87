"""Rows of the board that threads share: none is missing where another empties the cache."""

from __future__ import annotations

import re
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from dashboard.accounts import people
from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.pages import row_cache
from tests.accounts.cast import acting
from tests.holds.factories import put, see, viewer

pytestmark = pytest.mark.slow  # details of a page: the fast lane has the contract

HOLDS = 12


class ForgetfulCache(dict[object, object]):
    """A cache that another thread empties whenever this one has read or written it."""

    def get(self, key: object, default: object = None) -> object:
        found = super().get(key, default)
        self.clear()
        return found

    def __contains__(self, key: object) -> bool:
        found = super().__contains__(key)
        self.clear()
        return found

    def __setitem__(self, key: object, row: object) -> None:
        super().__setitem__(key, row)
        self.clear()


def rows_of(user: User) -> list[int]:
    """Return the holds whose rows the person gets."""
    who = viewer(user, timezone.now())
    rows = row_cache.rendered_rows(who.register.holds, who)
    return [int(pk) for pk in re.findall(r'<tr id="h(\d+)"', rows)]


@pytest.mark.django_db
@pytest.mark.parametrize("kept", [0, 1, HOLDS])
def test_no_row_is_missing_when_the_cache_is_emptied_meanwhile(staff: User, kept: int) -> None:
    pks = [put(staff, seconds=3600 + number).pk for number in range(HOLDS)]
    with (
        patch.object(row_cache, "_cache", ForgetfulCache()),
        patch.object(row_cache, "MOST_KEPT", kept),
    ):
        assert [rows_of(staff) for _ in range(3)] == [pks] * 3


@pytest.mark.django_db
def test_only_what_a_person_may_change_can_be_selected(
    staff: User, colleague: User, admin: User
) -> None:
    pks = [put(holder).pk for holder in (staff, colleague)]
    boxes = {
        user: re.findall(r'name="hold" value="(\d+)-\d+"', see(user).rows)
        for user in (staff, colleague, admin)
    }
    own, others = map(str, pks)
    assert boxes == {staff: [own], colleague: [others], admin: [own, others]}


@pytest.mark.django_db
def test_new_name_of_a_person_is_shown_at_once(staff: User, admin: User) -> None:
    hold = put(staff)
    assert "Ada Lovelace" not in see(admin).rows
    people.change_person(
        person=staff.pk,
        first_name="Ada",
        last_name="Lovelace",
        by=acting(admin),
        now=timezone.now(),
    )
    assert "Ada Lovelace" in see(admin).rows
    assert Hold.objects.get(pk=hold.pk).version == hold.version


@pytest.mark.django_db
def test_hold_with_the_number_of_one_that_a_restore_removed_is_shown_as_itself(staff: User) -> None:
    hold = put(staff)
    assert "Zoë Later" not in see(staff).rows
    later = hold.changed_at + timedelta(seconds=1)
    Hold.objects.filter(pk=hold.pk).update(client_name="Zoë Later", changed_at=later)
    assert "Zoë Later" in see(staff).rows
