"""Adding a calendar: what cal.com says of it is said beside the field, and else nothing is kept."""

from typing import Any
from unittest.mock import Mock

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom import Listed
from dashboard.calcom.types import Team
from dashboard.calendars import catalogue, changes
from dashboard.calendars.changes import CalendarError
from dashboard.calendars.models import Calendar
from dashboard.holds import messages, new_calendars
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.calendars.entries import CONSULT, FIRST_OF_ANNA, MEDICAL, NEXT_DOCTOR, add, entered

pytestmark = pytest.mark.django_db

ADDED: dict[str, tuple[str, str, str, int]] = {
    "anna.rossi": ("user", "anna.rossi", "Dr Anna Rossi", 3),
    " owner ": ("user", "owner", "Owner", 4),
    "https://cal.com/marek.dvorak": ("user", "marek.dvorak", "Marek Dvořák", 2),
    str(CONSULT): ("event_type", "1", "Consult 60", 1),
    str(NEXT_DOCTOR): ("event_type", "1201", "Next free doctor", 1),
    "https://cal.com/anna.rossi/first": ("event_type", "1010", "First appointment", 1),
    "cal.example.org/anna.rossi/first?x=1": ("event_type", "1010", "First appointment", 1),
    "https://app.cal.com/team/medical/next-doctor": ("event_type", "1201", "Next free doctor", 1),
    "https://cal.com/team/Medical/": ("team", "10", "Medical team", 5),
}


@pytest.mark.parametrize("typed", ADDED)
def test_calendar_is_found_as_typed(calcom: Sandbox, admin: User, typed: str) -> None:
    add(admin, typed)
    [calendar] = catalogue.catalogue(now=timezone.now()).calendars
    found = (calendar.kind, calendar.reference, calendar.label, len(calendar.event_types))
    assert found == ADDED[typed]
    assert (calendar.created_by, calendar.position) == (admin, 1)
    assert calcom.live_rows() == []


def test_team_is_chosen_by_its_id(calcom: Sandbox, admin: User) -> None:
    calendar = add(admin, team_id=MEDICAL, label="Doctors", colour="pink")
    assert (calendar.label, calendar.colour, len(calendar.event_types)) == ("Doctors", "pink", 5)


WRONG: dict[str, str] = {
    "unknown.person": "cal.com lists nothing of unknown.person:",
    "mate": "cal.com lists nothing of mate:",
    "99999": "cal.com has no event type with this number",
    str(FIRST_OF_ANNA): "shows it only by its address",
    "https://cal.com/anna.rossi/nothing": "cal.com lists no event type “nothing” of Dr Anna Rossi.",
    "https://cal.com/team/nothing": "is in no such team",
    "ines.kessler": "cal.com lets this key hold for 5 minutes only",
    "https://cal.com/ines.kessler/sleep": "cal.com lets this key hold for 5 minutes only",
    "two words": "Give a user name",
    "https://[": "Give a user name",
    "a/b/c/d": "Give a user name",
    "": "Give a user name",
}


@pytest.mark.parametrize("typed", WRONG)
def test_what_cannot_be_held_is_refused(calcom: Sandbox, admin: User, typed: str) -> None:
    with pytest.raises(HoldError) as refused:
        add(admin, typed)
    assert WRONG[typed] in refused.value.fields["typed"]
    assert refused.value.status == 422
    assert Calendar.objects.count() == 0
    assert calcom.rows() == []
    assert outcomes() == ["refused"]


def test_managed_event_type_is_refused(calcom: Sandbox, admin: User) -> None:
    calcom.change_event_type(NEXT_DOCTOR, scheduling="managed")
    with pytest.raises(HoldError) as refused:
        add(admin, str(NEXT_DOCTOR))
    assert "only copies this event type to people" in refused.value.fields["typed"]
    assert Calendar.objects.count() == 0


def outcomes() -> list[str]:
    entries = AuditEntry.objects.filter(action="calendar_added").exclude(outcome="")
    return list(entries.values_list("outcome", flat=True))


@pytest.mark.parametrize(
    "secret", ["cal_ownerfast0123456789", "own_0123", "12197e27-8acb-4005-ae3e-50a98d8eb171"]
)
def test_secret_typed_by_mistake_is_not_in_the_log(
    calcom: Sandbox, admin: User, settings: Any, secret: str
) -> None:
    settings.CALCOM_API_KEY = "own_0123"  # of a cal.com whose keys begin in another way
    with pytest.raises(HoldError):
        add(admin, secret)
    entry = AuditEntry.objects.newest_first()[0]
    assert entry.asked["reference"] == "[hidden]"
    assert secret not in str(vars(entry))
    assert messages.invalid("typed", "Nothing of %(name)s", name=secret).logged.endswith("[hidden]")


@pytest.mark.parametrize("key", ["cal_mate0123456789", "cal_stranger0123456789"])
def test_stranger_may_add_no_team(calcom: Sandbox, admin: User, settings: Any, key: str) -> None:
    settings.CALCOM_API_KEY = key
    with pytest.raises(HoldError) as refused:
        add(admin, team_id=MEDICAL)
    assert "is in no such team" in refused.value.fields["team_id"]


def test_open_server_has_no_teams(calcom: Sandbox, admin: User) -> None:
    calcom.has_teams = False
    with pytest.raises(HoldError) as refused:
        add(admin, team_id=MEDICAL)
    assert "does not tell of teams" in refused.value.fields["team_id"]
    assert add(admin, str(NEXT_DOCTOR)).label == "Next free doctor"


def test_same_calendar_is_added_once(calcom: Sandbox, admin: User) -> None:
    add(admin, str(NEXT_DOCTOR), label="Any doctor")
    with pytest.raises(HoldError) as refused:
        add(admin, "https://cal.com/team/medical/next-doctor")
    assert refused.value.fields["typed"] == "This calendar is in the list already: Any doctor."
    assert Calendar.objects.count() == 1


def test_calendar_that_a_colleague_adds_meanwhile_is_refused(
    calcom: Sandbox, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = new_calendars.require_right_to_hold

    def add_first(*args: Any) -> None:
        entered("anna.rossi")
        ask(*args)

    monkeypatch.setattr(new_calendars, "require_right_to_hold", add_first)
    with pytest.raises(HoldError) as refused:
        add(admin, "anna.rossi")
    assert "is in the list already" in refused.value.fields["typed"]
    assert sorted(outcomes()) == ["ok", "refused"]
    assert Calendar.objects.count() == 1


@pytest.mark.parametrize(
    ("method", "fault", "outcome"),
    [
        ("GET", "500", "unavailable"),
        ("GET", "429", "unavailable"),
        ("POST", "500", "unknown"),
    ],
)
def test_nothing_is_added_without_an_answer(
    calcom: Sandbox, admin: User, method: str, fault: str, outcome: str
) -> None:
    calcom.faults.add(fault, method=method, count=None)
    with pytest.raises(HoldError) as refused:
        add(admin, "anna.rossi")
    assert (refused.value.status, refused.value.safe) == (503, "Nothing was added.")
    assert refused.value.fields["typed"]
    assert Calendar.objects.count() == 0
    assert outcomes() == [outcome]


def test_question_for_the_right_to_hold_is_in_the_log(calcom: Sandbox, admin: User) -> None:
    add(admin, "anna.rossi")
    intent, outcome = AuditEntry.objects.filter(action="calendar_added").order_by("pk")
    assert (intent.kind, intent.method, intent.path) == ("intent", "POST", "/v2/slots/reservations")
    assert (outcome.outcome, outcome.status) == ("ok", 400)
    assert outcome.after["calendar"] == "Dr Anna Rossi"


def test_only_admins_change_calendars(calcom: Sandbox, admin: User, staff: User) -> None:
    calendar = add(admin, "anna.rossi")
    by, now = acting(staff), timezone.now()
    for change in (
        lambda: add(staff, "owner"),
        lambda: changes.change(calendar=calendar.pk, is_paused=True, by=by, now=now),
        lambda: changes.remove(calendar=calendar.pk, by=by, now=now),
    ):
        with pytest.raises(CalendarError, match="not_admin"):
            change()
        entry = AuditEntry.objects.newest_first()[0]
        assert (entry.outcome, entry.error_code, entry.actor) == ("refused", "not_admin", staff)
    assert Calendar.objects.filter(is_paused=False).count() == 1


def test_team_without_a_slug_is_not_taken_for_another() -> None:
    listed = Listed((Team(7, "Without", ""), Team(9, "Wanted", "wanted")))
    wanted = new_calendars.Wanted(team_id=9)
    found = new_calendars.find_team(Mock(ask=lambda _: listed), wanted, "team_id")
    assert found.name == "Wanted"
