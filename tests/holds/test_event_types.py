"""Event types are read through a cache."""

from __future__ import annotations

import pytest

from dashboard.holds import event_types
from dashboard.sandbox import Sandbox
from tests.holds.verbs import CONSULT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def expire_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only the last answer outlive a request."""
    monkeypatch.setattr(event_types, "ANSWER_KEPT", 0)
    monkeypatch.setattr(event_types, "FAILURE_KEPT", 0)


@pytest.mark.parametrize("fault", ["500", "429", "drop"])
def test_last_answer_is_used_while_cal_com_does_not_answer(calcom: Sandbox, fault: str) -> None:
    listed, one = event_types.event_types(), event_types.event_type(CONSULT)
    calcom.faults.add(fault, method="GET", count=None)
    assert event_types.event_types() == listed != ()
    assert event_types.event_type(CONSULT) == one is not None


def test_last_answer_is_dropped_once_cal_com_refuses(
    calcom: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_types, "cache_key", lambda name: name.replace("999", str(CONSULT)))
    assert event_types.event_type(CONSULT) is not None
    assert event_types.event_type(999) is None
    calcom.faults.add("500", method="GET", count=None)
    assert event_types.event_type(CONSULT) is None
