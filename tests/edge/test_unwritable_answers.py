"""Answers to forms that did nothing, or only read, while the database takes no writes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection

from dashboard.accounts.models import User
from dashboard.sandbox import Sandbox
from tests.audit.tampering import run
from tests.edge.test_unwritable import unwritable
from tests.holds.conftest import calcom, sandbox
from tests.holds.verbs import place
from tests.pages.desk import desk

__all__ = ["calcom", "sandbox"]
pytestmark = pytest.mark.django_db(transaction=True)


def test_check_has_nothing_that_holdfast_could_finish(calcom: Sandbox, staff: User) -> None:
    hold = place(staff)
    browser = desk(staff)

    def fail(execute: Any, sql: str, *rest: Any) -> Any:
        if calcom.calls("GET") and sql.startswith(("INSERT", "UPDATE")):
            raise OperationalError("database or disk is full")
        return execute(sql, *rest)

    calcom.forget_calls()
    with connection.execute_wrapper(fail):
        answer = browser.post(f"/holds/{hold.pk}/check")
    page = answer.content.decode()
    assert (answer.status_code, len(calcom.calls("GET"))) == (503, 1)
    assert "Nothing has changed, neither here nor at cal.com. Try again in a minute." in page
    assert browser.post(f"/holds/{hold.pk}/check").status_code == 303


def test_page_that_says_what_is_wrong_with_a_form_is_shown(admin: User) -> None:
    browser = desk(admin)
    with unwritable():
        answer = browser.post("/settings/", {"hold_minutes": "many", "time_zone": "UTC"})
    assert (answer.status_code, "Your settings" in answer.content.decode()) == (422, True)


def test_verification_tells_what_it_found(admin: User) -> None:
    browser = desk(admin)
    for fault, told in (
        ("", "Entries 1 to 1: none was changed, removed or inserted."),
        ("UPDATE dashboard_auditlink SET hash = 'x'", "The chain was changed at position 1"),
    ):
        if fault:
            run(connection, [fault])
        with unwritable():
            answer = browser.post("/audit/verify")
        assert answer.status_code == 503
        assert told in answer.content.decode()
        assert "This result could not be recorded." in answer.content.decode()
