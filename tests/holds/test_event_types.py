"""Reading event types through the cache."""

from __future__ import annotations

import pytest

from dashboard.holds import availability
from dashboard.sandbox import Sandbox
from tests.holds.cast import CONSULT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def old_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "KEPT", 0)
    monkeypatch.setattr(availability, "FAILURE_KEPT", 0)


@pytest.mark.parametrize("fault", ["500", "429", "drop"])
def test_what_was_read_last_stands_in_while_cal_com_does_not_answer(
    calcom: Sandbox, fault: str
) -> None:
    listed, one = availability.event_types(), availability.event_type(CONSULT)
    calcom.faults.add(fault, method="GET", count=None)
    assert availability.event_types() == listed != ()
    assert availability.event_type(CONSULT) == one is not None


def test_an_event_type_that_went_is_not_remembered(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(availability, "_key", lambda name: name.replace("999", str(CONSULT)))
    assert availability.event_type(CONSULT) is not None
    assert availability.event_type(999) is None
    calcom.faults.add("500", method="GET", count=None)
    assert availability.event_type(CONSULT) is None
