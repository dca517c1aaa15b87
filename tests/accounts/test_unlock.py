"""End the waits at sign-in while people try to sign in."""

import pytest
from django.db import connection

from dashboard.accounts import throttling
from dashboard.accounts.models import SignInAttempts
from dashboard.accounts.throttling import Attempt
from tests.accounts.cast import NOW
from tests.holds.concurrency import stopped_after

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_unlock_waits_for_attempts_under_way() -> None:
    """An attempt locks the counter of the address first, which an unlock would delete last."""
    if connection.vendor != "postgresql":
        return
    attempt = Attempt("staff", "192.0.2.1")
    for key in (throttling.name_key(attempt), throttling.address_key(attempt.address)):
        SignInAttempts.objects.create(key=key, last_at=NOW, wait_until=NOW)
    with stopped_after("FOR UPDATE", lambda: throttling.admit(attempt, now=NOW)):
        assert throttling.unlock(now=NOW) == 2
