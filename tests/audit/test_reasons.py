"""Reasons are found by the words that a page shows for them, and by people's own words."""

import pytest
from django.utils import timezone, translation

from dashboard.audit import search, trail
from dashboard.audit.trail import Action
from dashboard.holds import register, transfer
from dashboard.holds.problems import HoldError
from tests.accounts.cast import acting
from tests.audit.recorded import NOON
from tests.audit.searching import found
from tests.holds import verbs
from tests.holds.conftest import calcom, sandbox

__all__ = ["calcom", "sandbox"]
PLACED = ("place", "staff")


@pytest.mark.django_db
def test_code_of_a_reason_is_found_as_it_reads(staff):
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


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "de"])
def test_label_is_found_in_all_languages(staff, language):
    """People share the address of a search, also with ``audit_export``, which is in English."""
    trail.event(action=Action.RELEASE, by=acting(staff), now=NOON, reason="client_chose_other")
    with translation.override(language):
        for text in ("client chose another time", "Kunde hat eine andere Zeit gewählt"):
            assert (text, len(found(text))) == (text, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
class TestOwnWords:
    def test_of_a_release(self, calcom, staff):
        hold = verbs.place(staff)
        verbs.release(staff, hold, reason="other", note="\u202eMoving to Zürich")
        for text in ("zurich", "moving zuerich"):
            assert found(text) == [("release", "staff"), PLACED]
            assert register.past(text, before=None, most=5) == [hold.pk]
        # Without the sign, which would turn round what follows.
        latest = search.story(hold.pk, now=timezone.now()).lines[0]
        assert latest.clauses_text == ", reason: another reason; “Moving to Zürich”"

    def test_of_a_refused_release_are_forgotten(self, calcom, staff):
        hold = verbs.place(staff)
        calcom.faults.add("429", method="DELETE", route=verbs.ONE, seconds=20)
        with pytest.raises(HoldError):
            verbs.release(staff, hold, note="Moving to Zürich")
        assert found("zurich") == []
        assert found("grace") == [("release", "staff"), PLACED]

    def test_of_a_takeover(self, calcom, staff, admin):
        hold = verbs.place(staff)
        now = timezone.now()
        transfer.take_over(hold_id=hold.pk, by=acting(admin), note="ill in bed", now=now)
        assert found("ill in bed") == [("take_over", "admin"), PLACED]
