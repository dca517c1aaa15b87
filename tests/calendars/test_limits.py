"""Refuse holds for whom a person may not hold: in the service, in the log, and on the page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state.models import StoredAnswer
from dashboard.calendars.models import Calendar
from dashboard.holds import lookup
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.calendars.entries import CONSULT, FIRST_OF_ANNA, FIRST_OF_JOSE, entered
from tests.holds import verbs
from tests.holds.observe import sent, states
from tests.holds.offers import start_offer
from tests.holds.verbs import LATER, MONDAY
from tests.pages.desk import desk, wish

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def anna(calcom: Sandbox, staff: User) -> Calendar:
    """Limit staff to one calendar, beside others."""
    entered("jose.garcia")
    return entered("anna.rossi", people=(staff,))


def place(calcom: Sandbox, staff: User) -> None:
    verbs.place(staff, event_type=FIRST_OF_JOSE)


def place_in_no_calendar(calcom: Sandbox, staff: User) -> None:
    verbs.place(staff, event_type=CONSULT)


def move(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff, event_type=FIRST_OF_ANNA)
    calcom.forget_calls()
    verbs.move(staff, hold, event_type_id=FIRST_OF_JOSE)


def add_to_offer(calcom: Sandbox, staff: User) -> None:
    offer = start_offer(staff, verbs.place(staff, event_type=FIRST_OF_ANNA))
    calcom.forget_calls()
    verbs.place(staff, event_type=FIRST_OF_JOSE, offer=offer.pk)


def take_in(calcom: Sandbox, staff: User) -> None:
    uid = calcom.insert_reservation(FIRST_OF_JOSE, MONDAY, minutes=30).uid
    lookup.take_in(uid=uid, by=acting(staff), now=timezone.now())


REFUSED: dict[Callable[[Sandbox, User], None], tuple[str, str]] = {
    place: ("place", "You may not hold for jose.garcia."),
    place_in_no_calendar: ("place", "You may not hold for event type 1."),
    move: ("move", "You may not hold for jose.garcia."),
    add_to_offer: ("place", "You may not hold for jose.garcia."),
    take_in: ("take_in", "You may not hold for jose.garcia."),
}


@pytest.mark.parametrize("verb", REFUSED, ids=lambda verb: verb.__name__)
def test_limited_person_holds_for_no_other_calendar(
    calcom: Sandbox, staff: User, anna: Calendar, verb: Callable[[Sandbox, User], None]
) -> None:
    action, happened = REFUSED[verb]

    with pytest.raises(HoldError) as refused:
        verb(calcom, staff)

    error = refused.value
    assert (error.status, error.cause) == (403, "not_your_calendar")
    assert (error.happened, error.what_now) == (happened, "Ask an Admin.")
    assert [call for call in sent(calcom) if call[0] != "GET"] == []
    entry = AuditEntry.objects.newest_first()[0]
    assert (entry.action, entry.outcome) == (action, "refused")
    assert (entry.error_code, entry.actor) == ("not_your_calendar", staff)


def test_limited_person_takes_over_for_no_other_calendar(
    calcom: Sandbox, staff: User, colleague: User, anna: Calendar, settings: object
) -> None:
    settings.STAFF_MAY_TAKE_OVER = True  # type: ignore[attr-defined]
    hold = verbs.place(colleague, event_type=FIRST_OF_JOSE)
    with pytest.raises(HoldError, match="You may not hold for jose"):
        verbs.take_over(staff, hold, reason="absent")


def test_limited_person_holds_for_the_calendar(
    calcom: Sandbox, staff: User, anna: Calendar
) -> None:
    hold = verbs.place(staff, event_type=FIRST_OF_ANNA)
    verbs.move(staff, hold, LATER + timedelta(hours=1), event_type_id=FIRST_OF_ANNA + 1)
    assert states(hold) == ["held"]


def test_new_key_keeps_limits_and_pauses(
    calcom: Sandbox, staff: User, admin: User, anna: Calendar
) -> None:
    """No list was read with the new key yet: it is read before a hold is refused or placed."""
    Calendar.objects.exclude(pk=anna.pk).update(is_paused=True)
    StoredAnswer.objects.update(source="of another key")

    verbs.place(staff, event_type=FIRST_OF_ANNA)
    StoredAnswer.objects.all().delete()
    with pytest.raises(HoldError, match=r"jose\.garcia is paused"):
        verbs.place(admin, event_type=FIRST_OF_JOSE)

    assert states() == ["held"]


def test_colleagues_and_admins_are_not_limited(
    calcom: Sandbox, colleague: User, admin: User, anna: Calendar
) -> None:
    anna.limited_people.add(admin)
    verbs.place(colleague, event_type=FIRST_OF_JOSE)
    verbs.place(admin, event_type=CONSULT, start=LATER)
    assert states() == ["held", "held"]


@pytest.mark.parametrize(
    ("field", "htmx"), [("event_type_id", True), ("other_event_type_id", False)]
)
def test_typed_number_is_refused_beside_the_field(
    calcom: Sandbox, staff: User, anna: Calendar, field: str, htmx: bool
) -> None:
    headers = {"HX-Request": "true"} if htmx else {}
    form = wish(event_type_id="") | {field: FIRST_OF_JOSE}
    answer = desk(staff).post("/holds/new", form, headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "You may not hold for jose.garcia." in page
    assert "Ask an Admin." in page
    assert 'value="Grace"' in page
    assert Hold.objects.count() == 0


def test_paused_calendar_takes_no_new_holds(calcom: Sandbox, admin: User) -> None:
    calendar = entered("anna.rossi")
    hold = verbs.place(admin, event_type=FIRST_OF_ANNA)
    Calendar.objects.filter(pk=calendar.pk).update(is_paused=True)

    with pytest.raises(HoldError) as refused:
        verbs.place(admin, event_type=FIRST_OF_ANNA, start=LATER)

    assert (refused.value.status, refused.value.cause) == (409, "calendar_paused")
    verbs.move(admin, hold, LATER)  # what is held stays in use
    verbs.extend(admin, hold, 30)
    assert states() == ["held"]
