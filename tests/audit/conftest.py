"""Fixtures: a hold, a log with several actions, an Admin's browser, and separate databases."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client

from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.holds.models import Hold
from tests.audit.attacks import write
from tests.audit.databases import as_default, migrated
from tests.audit.recorded import (
    NOON,
    Action,
    Outcome,
    after,
    begin_to_extend,
    extend,
    fail_to_place,
    hold_of,
    sign_in,
)

VENDORS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))


@pytest.fixture
def immediate_links(db) -> None:
    """Write links and counts with their entries, and not at the end of a test's transaction."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture
def hold(staff: User) -> Hold:
    return hold_of(staff)


@pytest.fixture
def admins_browser(admin: User) -> Client:
    browser = Client()
    browser.force_login(admin)
    return browser


@pytest.fixture
def mixed_log(immediate_links: None, staff: User, colleague: User, hold: Hold) -> None:
    """Record seven actions of several actors, with different outcomes."""
    sign_in(staff, at=NOON - timedelta(days=1))
    extend(staff, hold)
    extend(colleague, hold, at=after(1))
    fail_to_place(colleague, at=after(2))
    begin_to_extend(staff, hold, at=after(3))
    trail.event(action=Action.EXPIRE, by=None, hold_id=hold.pk, now=after(4))
    trail.event(
        action=Action.SIGN_IN_FAILED,
        by=None,
        outcome=Outcome.REFUSED,
        actor_name="system",
        now=after(5),
    )


@pytest.fixture(scope="module", params=VENDORS)
def shared(request, tmp_path_factory, django_db_blocker) -> Iterator[BaseDatabaseWrapper]:
    """Create a database for all tests that do not change it."""
    with (
        django_db_blocker.unblock(),
        migrated(request.param, tmp_path_factory.mktemp("apart")) as connection,
    ):
        write(connection, 2)
        yield connection


@pytest.fixture(params=VENDORS)
def own(request, tmp_path, django_db_blocker) -> Iterator[BaseDatabaseWrapper]:
    """Create a database for one test."""
    with django_db_blocker.unblock(), migrated(request.param, tmp_path) as connection:
        write(connection, 2)
        yield connection


@pytest.fixture
def own_as_default(own) -> Iterator[None]:
    """Let what names no database use that of one test."""
    with as_default(own):
        yield
