"""Times of several event types, read together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dashboard.accounts.models import User
from dashboard.calcom import Host
from dashboard.holds.models import Hold
from dashboard.pages.picker_times import TimesReader
from dashboard.sandbox import Sandbox
from tests.future_dates import day
from tests.holds import factories
from tests.holds.verbs import CONSULT, MONDAY, STRANGERS
from tests.kept import forget_kept
from tests.pages.calendar_rows import calendar, event_type
from tests.pages.desk import desk

pytestmark = pytest.mark.slow  # details of a page: the fast lane has the contract


def test_each_event_type_looks_at_its_own_holds_only(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_kept()
    for number, name in ((CONSULT, "Dr Ada"), (STRANGERS, "Dr Ben")):
        calendar(name, event_type(number, "Talk", hosts=(Host(number, name, name),)))
    for minutes in range(3):
        start = MONDAY + timedelta(minutes=minutes)
        factories.put(staff, event_type_id=77, hosts=[[77, "Dr Eve"]], slot_start=start)
    own = factories.put(staff, event_type_id=CONSULT, hosts=[[CONSULT, "Dr Ada"]])
    of_host = factories.put(staff, event_type_id=78, hosts=[[CONSULT, "Dr Ada"]])
    taken: list[list[Hold]] = []
    take = TimesReader.take

    def noted(reader: TimesReader, *of_days: Any) -> None:
        taken.append(of_days[-1])
        take(reader, *of_days)

    monkeypatch.setattr(TimesReader, "take", noted)
    desk(staff).get(f"/holds/first?day={day(0)}")

    assert taken == [[own, of_host], []]
