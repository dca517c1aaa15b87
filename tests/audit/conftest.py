"""What the log is about, and the browser in which it is read."""

from __future__ import annotations

import pytest
from django.test import Client

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from tests.audit.deeds import make_hold


@pytest.fixture
def hold(staff: User) -> Hold:
    return make_hold(staff)


@pytest.fixture
def admins_browser(admin: User) -> Client:
    browser = Client()
    browser.force_login(admin)
    return browser
