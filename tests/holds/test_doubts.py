"""Questions before a time is held: cal.com does not offer it, or its hosts are used up."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state.models import StoredAnswer
from dashboard.holds import operation, services
from dashboard.holds.doubts import most_at_once
from dashboard.holds.models import Hold
from dashboard.holds.problems import Doubt, HoldError
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import verbs
from tests.holds.concurrency import at_once
from tests.holds.observe import at_cal_com, in_register, states
from tests.holds.verbs import CONSULT, GROUP, MONDAY, ROUND_ROBIN, VARIABLE
from tests.pages.desk import desk, wish
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow  # details of verbs: the fast lane has test_verbs

HALF = timedelta(minutes=30)
NIGHT = MONDAY - timedelta(days=1, hours=6)
SLOTS = "/v2/slots"
NOT_OFFERED = "cal.com does not offer this time."
BUTTON = re.compile(r'name="confirm"\s+value="([^"]*)"')


def ask(user: User, **more: Any) -> HttpResponse:
    """Send the form as its page does, which can ask back."""
    return desk(user).post("/holds/new", wish(asks="yes", **more))


def button(page: HttpResponse) -> str:
    """Return the value of the page's button that confirms."""
    return BUTTON.findall(page.content.decode())[0]


def fill_hosts(user: User, count: int = 2) -> list[Hold]:
    return [verbs.place(user, event_type=ROUND_ROBIN) for _ in range(count)]


def test_time_that_is_not_offered_is_asked_back(calcom: Sandbox, staff: User) -> None:
    typed = {"slot_start": NIGHT.isoformat(), "client_name": "Ada", "note": "by the door"}

    asked = ask(staff, **typed)

    assert (asked.status_code, Hold.objects.count(), at_cal_com(calcom)) == (409, 0, [])
    page = asked.content.decode()
    shown = (NOT_OFFERED, "Next free", "Hold it anyway", "Ada", "by the door")
    assert [text for text in shown if text not in page] == []
    assert AuditEntry.objects.get(action="place").error_code == "not_offered"
    answer = ask(staff, confirm=button(asked), **typed)
    assert answer.status_code == 303
    assert at_cal_com(calcom) == in_register(Hold.objects.get())


def test_script_is_never_asked(calcom: Sandbox, staff: User) -> None:
    fill_hosts(staff)
    forms = [wish(slot_start=NIGHT.isoformat()), wish(event_type_id=ROUND_ROBIN)]
    calcom.forget_calls()

    answers = [desk(staff).post("/holds/new", form) for form in forms]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert calcom.calls(route=SLOTS) == []


def test_script_may_confirm_at_once(calcom: Sandbox, staff: User) -> None:
    fill_hosts(staff)

    answers = [
        ask(staff, confirm="yes", slot_start=NIGHT.isoformat()),
        ask(staff, confirm="yes", event_type_id=ROUND_ROBIN),
    ]

    assert [answer.status_code for answer in answers] == [303, 303]


@pytest.mark.parametrize("event_type", [VARIABLE, GROUP, ROUND_ROBIN])
def test_offered_time_is_not_asked_back(calcom: Sandbox, staff: User, event_type: int) -> None:
    assert ask(staff, event_type_id=event_type).status_code == 303


def test_time_that_was_listed_needs_no_call(calcom: Sandbox, staff: User) -> None:
    day = f"{MONDAY:%Y-%m-%d}"
    desk(staff).get("/holds/new", {"event_type_id": CONSULT, "day": day})
    later = timezone.now() - timedelta(minutes=10)
    StoredAnswer.objects.update(asked_at=later, answered_at=later)
    calcom.forget_calls()

    assert ask(staff).status_code == 303
    assert calcom.calls(route=SLOTS) == []


@pytest.mark.parametrize("fault", ["500", "429"])
@pytest.mark.parametrize("was_listed", [False, True])
def test_nothing_is_asked_where_cal_com_does_not_list_its_times(
    calcom: Sandbox, staff: User, fault: str, *, was_listed: bool
) -> None:
    """Nor where its last list is old."""
    if was_listed:
        desk(staff).get("/holds/new", {"event_type_id": CONSULT, "day": f"{NIGHT:%Y-%m-%d}"})
        earlier = timezone.now() - timedelta(minutes=10)
        StoredAnswer.objects.update(asked_at=earlier, answered_at=earlier)
    calcom.faults.add(fault, route=SLOTS, count=None, seconds=1)

    assert ask(staff, slot_start=NIGHT.isoformat()).status_code in {303, 503}
    assert "not_offered" not in AuditEntry.objects.values_list("error_code", flat=True)


def test_time_of_an_own_hold_is_left_to_cal_com(calcom: Sandbox, staff: User) -> None:
    """Ask nothing, because the hold itself hides the time from the list."""
    hold = verbs.place(staff)

    answer = ask(staff)

    assert answer.status_code == 409
    assert "This time is already reserved" in answer.content.decode()
    assert states() == ["held", "refused"]
    verbs.release(staff, hold)
    assert ask(staff).status_code == 303  # free again, although cal.com's list is older


def test_more_holds_than_hosts_are_asked_back(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    held = fill_hosts(staff)

    asked = ask(colleague, event_type_id=ROUND_ROBIN)

    page = asked.content.decode()
    assert (asked.status_code, at_cal_com(calcom)) == (409, in_register(*held))
    assert "Holds of this time already: 2. Clients that its hosts can see: 2." in page
    assert "held by staff until" in page
    answer = ask(colleague, event_type_id=ROUND_ROBIN, confirm=button(asked))
    assert (answer.status_code, len(at_cal_com(calcom))) == (303, 3)


def test_answer_to_one_question_answers_no_other(calcom: Sandbox, staff: User) -> None:
    fill_hosts(staff)

    asked = ask(staff, event_type_id=ROUND_ROBIN, confirm="not_offered", then="offer")

    assert asked.status_code == 409
    assert button(asked) == "not_offered offer more_than_hosts"
    confirmed = ask(staff, event_type_id=ROUND_ROBIN, confirm=button(asked))
    assert confirmed["Location"].startswith("/holds/new?offer=")


@pytest.mark.parametrize(
    ("fields", "is_asked"),
    [
        ({"state": "placing"}, True),
        ({"state": "unconfirmed"}, True),
        ({"state": "released"}, False),
        ({"held_until": NIGHT - timedelta(days=999)}, False),  # not recorded as expired yet
    ],
    ids=str,
)
def test_holds_that_count(
    calcom: Sandbox, staff: User, fields: dict[str, Any], *, is_asked: bool
) -> None:
    first, _second = fill_hosts(staff)
    Hold.objects.filter(pk=first.pk).update(**{"latest_end": first.held_until} | fields)

    assert (ask(staff, event_type_id=ROUND_ROBIN).status_code == 409) is is_asked


def test_holds_at_different_times_need_no_two_hosts(calcom: Sandbox, staff: User) -> None:
    for start in (MONDAY, MONDAY + 2 * HALF):
        verbs.place(staff, event_type=ROUND_ROBIN, start=start)

    answer = ask(staff, event_type_id=ROUND_ROBIN, slot_start=(MONDAY + HALF).isoformat())

    assert answer.status_code == 303


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("patient")
def test_hosts_are_counted_one_by_one(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "PATIENCE", PATIENCE)

    def place() -> Hold:
        return services.place(
            by=acting(staff),
            event_type_id=ROUND_ROBIN,
            slot_start=MONDAY,
            reservation_duration=15,
            doubts=frozenset(Doubt),
            now=timezone.now(),
        )

    results = at_once(*[place] * 6)

    refused = [result for result in results if isinstance(result, HoldError)]
    assert [error.cause for error in refused] == ["more_than_hosts"] * 4
    assert len(at_cal_com(calcom)) == 2


def test_move_tells_before_it_is_sent(calcom: Sandbox, staff: User) -> None:
    fill_hosts(staff)
    hold = verbs.place(staff, event_type=ROUND_ROBIN, start=MONDAY + timedelta(hours=3))
    browser = desk(staff)
    pages = [
        browser.get(f"/holds/{hold.pk}/move", {"slot_start": start.isoformat()}).content.decode()
        for start in (MONDAY, NIGHT, hold.slot_start + timedelta(hours=1))
    ]

    assert ["Clients that its hosts can see: 2." in page for page in pages] == [True, False, False]
    assert [NOT_OFFERED in page for page in pages] == [False, True, False]
    assert [">Move it<" in page for page in pages] == [True] * 3


def test_move_to_hosts_used_up_since_its_preview_is_asked_back(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    fill_hosts(staff, 1)
    hold = verbs.place(staff, event_type=ROUND_ROBIN, start=MONDAY + timedelta(hours=3))
    browser, path = desk(staff), f"/holds/{hold.pk}/move"
    wish = {"slot_start": MONDAY.isoformat(), "asks": "yes"}
    assert 'name="confirm" value=""' in browser.get(path, wish).content.decode()
    fill_hosts(colleague, 1)

    asked = browser.post(path, wish)

    page = asked.content.decode()
    assert (asked.status_code, ">Move it<" in page) == (409, True)
    assert 'name="confirm" value="more_than_hosts"' in page
    moved = browser.post(path, wish | {"confirm": "more_than_hosts"})
    assert (moved.status_code, len(at_cal_com(calcom))) == (303, 3)
    assert Hold.objects.get(pk=hold.pk).slot_start == MONDAY


def test_hold_on_its_way_to_the_time_counts(calcom: Sandbox, staff: User) -> None:
    fill_hosts(staff, 1)
    hold = verbs.place(staff, event_type=ROUND_ROBIN, start=MONDAY + timedelta(hours=3))
    for move_or_extend in (verbs.extend, lambda *args: verbs.move(*args, start=MONDAY)):
        calcom.faults.add("drop", when="before", method="POST")
        with pytest.raises(HoldError):
            move_or_extend(staff, hold)

    later = ask(staff, event_type_id=ROUND_ROBIN, slot_start=hold.slot_start.isoformat())
    assert later.status_code == 303  # the second reservation of an extension is no second client
    assert ask(staff, event_type_id=ROUND_ROBIN).status_code == 409
    page = desk(staff).get(f"/holds/{hold.pk}/move", {"slot_start": MONDAY.isoformat()})
    assert "Clients that its hosts can see: 2." not in page.content.decode()


def test_reservation_beyond_the_hosts_is_shown_as_such(calcom: Sandbox, staff: User) -> None:
    uids = [calcom.insert_reservation(ROUND_ROBIN, MONDAY, minutes=20).uid for _ in range(2)]
    browser = desk(staff)
    before = browser.post("/look-up", {"uid": uids[0]}).content.decode()
    fill_hosts(staff)

    after = browser.post("/look-up", {"uid": uids[1]}).content.decode()

    told = "Holds of this time already: 2. Clients that its hosts can see: 2."
    assert [told in page for page in (before, after)] == [False, True]


@pytest.mark.parametrize(("event_type", "has_gap"), [(CONSULT, True), (ROUND_ROBIN, False)])
def test_move_announces_a_gap_only_where_there_is_one(
    calcom: Sandbox, staff: User, event_type: int, *, has_gap: bool
) -> None:
    hold = verbs.place(staff, event_type=event_type)

    page = desk(staff).get(f"/holds/{hold.pk}/move", {"slot_start": (MONDAY + HALF).isoformat()})

    assert ("The two times overlap" in page.content.decode()) is has_gap


@pytest.mark.parametrize(
    ("spans", "most"),
    [
        ([], 0),
        ([(0, 60)], 1),
        ([(0, 60), (60, 120)], 1),
        ([(0, 60), (30, 90)], 2),
        ([(-60, 30), (30, 90)], 1),
        ([(-60, None), (0, None)], 1),
    ],
)
def test_most_at_once(spans: list[tuple[int, int | None]], most: int) -> None:
    def at(minutes: int | None) -> Any:
        return None if minutes is None else MONDAY + timedelta(minutes=minutes)

    holds = [Hold(slot_start=at(start), slot_end=at(end)) for start, end in spans]

    assert most_at_once(holds, MONDAY) == most
