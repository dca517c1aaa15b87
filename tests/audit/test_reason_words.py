"""Reasons are found by the words that a page shows for them."""

import pytest

from dashboard.audit import trail
from dashboard.audit.trail import Action
from tests.accounts.cast import acting
from tests.audit.recorded import NOON
from tests.audit.searching import found

pytestmark = pytest.mark.django_db


def test_reason_is_found_as_it_reads(staff):
    released = {"action": Action.RELEASE, "by": acting(staff), "now": NOON}
    trail.event(**released, reason="client_rang_off")
    trail.event(**released, reason="mistake")
    for text in ('"client hung up"', "client hung up", "client_rang_off"):
        assert (text, found(text)) == (text, found("hung"))
    assert len(found("hung")) == 1
    assert len(found("-hung action:release")) == 1
    trail.event(action=Action.CHECK, by=acting(staff), message="another time", now=NOON)
    assert found("another reason") == []  # its code is "other"
    assert len(found("-reason action:check")) == 1
