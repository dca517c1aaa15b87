"""Story of a hold, told from what the verbs record."""

from __future__ import annotations

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import search
from dashboard.holds.event_types import event_type, title_of
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.verbs import CONSULT, LATER, ROUND_ROBIN, SHORT


@pytest.mark.parametrize(("before", "after"), [(CONSULT, SHORT), (CONSULT, ROUND_ROBIN)])
def test_move_tells_both_event_types(calcom: Sandbox, staff: User, before: int, after: int) -> None:
    hold = verbs.place(staff, event_type=before)
    verbs.move(staff, hold, LATER, event_type_id=after)
    line = search.story(hold.pk, now=timezone.now(), viewer=staff.pk).lines[0]
    titles = [title_of(event_type(number)) for number in (before, after)]
    assert all(titles)
    assert line.clauses[0] == " → ".join(titles)
    assert line.did_it == "moved it"
