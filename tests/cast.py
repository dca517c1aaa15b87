"""Fixtures for the people of most tests: two Staff and an Admin."""

from __future__ import annotations

import pytest

from dashboard.accounts.models import User
from dashboard.accounts.roles import Role
from tests.accounts.cast import person


@pytest.fixture
def staff(db: None) -> User:
    return person("staff", Role.STAFF)


@pytest.fixture
def colleague(db: None) -> User:
    return person("colleague", Role.STAFF)


@pytest.fixture
def admin(db: None) -> User:
    return person("admin", Role.ADMINS)
