"""The cast of the log: two who hold times, one who reads about it, and a hold."""

from __future__ import annotations

import pytest
from django.test import Client

from dashboard.accounts.models import User
from dashboard.accounts.roles import Role
from dashboard.holds.models import Hold
from tests.accounts.cast import person
from tests.audit.deeds import make_hold


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
