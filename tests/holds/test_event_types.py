"""Reading event types through the cache."""

from __future__ import annotations

import pytest

from dashboard.holds import event_types
from dashboard.sandbox import Sandbox
from tests.holds.cast import CONSULT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def old_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_types, "KEPT", 0)
    monkeypatch.setattr(event_types, "FAILURE_KEPT", 0)


@pytest.mark.parametrize("fault", ["500", "429", "drop"])
def test_what_was_read_last_stands_in_while_cal_com_does_not_answer(
    calcom: Sandbox, fault: str
) -> None:
    listed, one = event_types.event_types(), event_types.event_type(CONSULT)
    calcom.faults.add(fault, method="GET", count=None)
    assert event_types.event_types() == listed != ()
    assert event_types.event_type(CONSULT) == one is not None


def test_an_event_type_that_went_is_not_remembered(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_types, "_key", lambda name: name.replace("999", str(CONSULT)))
    assert event_types.event_type(CONSULT) is not None
    assert event_types.event_type(999) is None
    calcom.faults.add("500", method="GET", count=None)
    assert event_types.event_type(CONSULT) is None
