"""Clients for page tests: a person's browser and a script, both against a sandbox of their own."""

from __future__ import annotations

import pytest
from django.test import Client

from dashboard.accounts.models import User
from dashboard.sandbox import Sandbox
from tests.holds.conftest import calcom, sandbox
from tests.pages.desk import desk
from tests.pages.script_client import ScriptClient

__all__ = ["calcom", "sandbox"]


@pytest.fixture
def browser(calcom: Sandbox, staff: User) -> Client:
    return desk(staff)


@pytest.fixture
def script(request: pytest.FixtureRequest, calcom: Sandbox, staff: User) -> ScriptClient:
    """Return a script without htmx, and where a test is marked ``both_ways`` one with it, too."""
    return ScriptClient("staff", calcom, getattr(request, "param", False))


@pytest.fixture
def colleague_script(script: ScriptClient, colleague: User) -> ScriptClient:
    return ScriptClient("colleague", script.calcom, script.htmx)


@pytest.fixture
def admin_script(script: ScriptClient, admin: User) -> ScriptClient:
    return ScriptClient("admin", script.calcom, script.htmx)
