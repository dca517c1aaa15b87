"""Fixtures: more people, a browser, a small site and the audit log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from dashboard.accounts.models import User
from dashboard.accounts.roles import Role
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import person, with_form_token

Story = list[tuple[str, str, str]]


@pytest.fixture
def superuser(db: None) -> User:
    return person("super", Role.NONE, superuser=True)


@pytest.fixture
def stranger(db: None) -> User:
    return person("stranger", Role.NONE)


@pytest.fixture
def browser() -> Client:
    """Return a client that enforces CSRF checks."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def small_site(settings: pytest.FixtureRequest) -> None:
    settings.ROOT_URLCONF = "tests.accounts.site"


@pytest.fixture
def story(db: None) -> Callable[[], Story]:
    """Return a function that lists (actor name, action, outcome), without the fixtures' own."""
    return lambda: list(
        AuditEntry.objects.exclude(action=AuditEntry.Action.PERSON_ADDED, actor=None)
        .order_by("id")
        .values_list("actor_name", "action", "outcome")
    )


@pytest.fixture
def admins(browser: Client, admin: User) -> Client:
    """Return the browser of an Admin who is no superuser."""
    return with_form_token(browser, admin)


@pytest.fixture
def superusers(superuser: User) -> Client:
    return with_form_token(Client(enforce_csrf_checks=True), superuser)
