"""The cast of the log: two who hold times, one who reads about it, and a hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from dashboard.accounts.models import User
from dashboard.accounts.roles import Role
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold
from tests.accounts.cast import person
from tests.audit.deeds import NOON


@pytest.fixture
def staff(db: None) -> User:
    return person("staff", Role.STAFF)


@pytest.fixture
def colleague(db: None) -> User:
    return person("colleague", Role.STAFF)


@pytest.fixture
def admin(db: None) -> User:
    return person("admin", Role.ADMINS)


@pytest.fixture
def hold(staff: User) -> Hold:
    return make_hold(staff)


@pytest.fixture
def admins_browser(admin: User) -> Client:
    browser = Client()
    browser.force_login(admin)
    return browser


@pytest.fixture
def since_then(db: None) -> int:
    """The id of the last entry before the test's own: adding the cast was written down too."""
    return AuditEntry.objects.newest_first().values_list("id", flat=True).first() or 0


def make_hold(holder: User, client_name: str = "Client One") -> Hold:
    return Hold.objects.create(
        state=Hold.State.HELD,
        holder=holder,
        client_name=client_name,
        event_type_id=1,
        slot_start=datetime(2025, 11, 26, 13, 30, tzinfo=UTC),
        slot_end=datetime(2025, 11, 26, 14, 30, tzinfo=UTC),
        reservation_duration=15,
        held_until=NOON + timedelta(minutes=15),
        created_at=NOON,
        changed_at=NOON,
    )
