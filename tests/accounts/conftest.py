"""Beside the usual cast a superuser and a stranger without a role, and how they come."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from dashboard.accounts.models import User
from dashboard.accounts.roles import Role
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import person

Story = list[tuple[str, str, str]]


@pytest.fixture
def superuser(db: None) -> User:
    return person("super", Role.NONE, superuser=True)


@pytest.fixture
def stranger(db: None) -> User:
    return person("stranger", Role.NONE)


@pytest.fixture
def browser() -> Client:
    """A browser that has to bring its CSRF token like any other."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def small_site(settings: pytest.FixtureRequest) -> None:
    settings.ROOT_URLCONF = "tests.accounts.site"


@pytest.fixture
def story(db: None) -> Callable[[], Story]:
    """The audit since the cast came on stage, oldest first: who, what, how it ended."""
    return lambda: list(
        AuditEntry.objects.exclude(action=AuditEntry.Action.PERSON_ADDED, actor=None)
        .order_by("id")
        .values_list("actor_name", "action", "outcome")
    )
