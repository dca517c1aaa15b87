"""Reservations that the register does not know: looked up, found, taken in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds import checks, settle
from dashboard.holds.checks import Finding
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.cast import ALL, CONSULT, MONDAY, ONE, SHORT, VARIABLE
from tests.holds.concurrency import at_once
from tests.holds.desk import desk

UNKNOWN = "5f1c7a52-1111-4222-8333-444455556666"


def look(browser: Client, uid: str, **more: str) -> HttpResponse:
    return browser.post("/look-up", {"uid": uid, **more})


def take(user: User, uid: str) -> Hold | None:
    return checks.take_in(uid=uid, by=cast.acting(user), now=timezone.now())


def test_a_uid_that_we_know_leads_to_its_hold(calcom: Sandbox, staff: User, admin: User) -> None:
    hold = cast.place(staff)
    uid = str(Hold.objects.get(pk=hold.pk).reservation_uid)

    answers = [look(desk(admin), uid), look(desk(admin), uid, take="yes")]

    assert [(a.status_code, a["Location"]) for a in answers] == [(303, f"/holds/{hold.pk}/")] * 2
    assert calcom.calls("GET", ONE) == []


def test_one_that_we_do_not_know_is_shown_and_taken_by_its_number(
    calcom: Sandbox, staff: User
) -> None:
    uid = calcom.insert_hold(CONSULT, MONDAY, minutes=20).uid
    browser = desk(staff)

    shown = look(browser, uid)
    [tag] = re.findall(r'<input[^>]*name="find"[^>]*>', shown.content.decode())
    key = re.findall(r'value="(\w+)"', tag)[0]
    taken = browser.post("/look-up", {"find": key, "take": "yes", "client_name": "Ada"})

    hold = Hold.objects.get()
    assert (shown.status_code, Hold.objects.count()) == (200, 1)
    assert "Consult 60" in shown.content.decode()
    assert (taken.status_code, taken["Location"]) == (303, f"/holds/{hold.pk}/")
    assert (hold.state, hold.holder, hold.client_name) == ("held", staff, "Ada")
    assert (hold.event_type_title, hold.event_type_kind) == ("Consult 60", "individual")
    assert cast.rows(calcom) == [cast.register(hold)]
    seen = [shown, taken, browser.get(taken["Location"]), browser.get("/")]
    assert [p for p in seen if uid in f"{p.headers}{p.cookies.output()}{p.content.decode()}"] == []


def test_a_colleague_cannot_use_my_number(calcom: Sandbox, staff: User, colleague: User) -> None:
    uid = calcom.insert_hold(CONSULT, MONDAY).uid
    shown = look(desk(staff), uid).content.decode()
    [tag] = re.findall(r'<input[^>]*name="find"[^>]*>', shown)
    key = re.findall(r'value="(\w+)"', tag)[0]

    answer = desk(colleague).post("/look-up", {"find": key, "take": "yes"})

    assert (answer.status_code, Hold.objects.count()) == (422, 0)


def test_what_was_taken_can_be_changed_like_any_other(calcom: Sandbox, staff: User) -> None:
    row = calcom.insert_hold(VARIABLE, MONDAY, slot_duration=45, minutes=20)

    hold = take(staff, row.uid)
    assert hold is not None
    cast.extend(staff, hold, 40)

    [kept] = calcom.live_rows()
    assert (kept.uid, kept.end - kept.start) == (row.uid, timedelta(minutes=45))


def test_nothing_there(calcom: Sandbox, staff: User) -> None:
    answers = [look(desk(staff), UNKNOWN), look(desk(staff), UNKNOWN, take="yes")]

    assert [a.status_code for a in answers] == [404, 404]
    assert ["cal.com has no reservation with this uid." in a.content.decode() for a in answers] == [
        True,
        True,
    ]
    assert Hold.objects.count() == 0


def test_one_that_ran_out_is_shown_and_not_taken(calcom: Sandbox, staff: User) -> None:
    uid = calcom.insert_hold(CONSULT, MONDAY, minutes=-1).uid

    shown, refused = look(desk(staff), uid), look(desk(staff), uid, take="yes")

    assert (shown.status_code, refused.status_code) == (200, 409)
    assert 'value="yes"' not in shown.content.decode()
    assert Hold.objects.count() == 0


@pytest.mark.parametrize(
    "uid",
    [
        "%00",
        "\x00",
        "a\x00b",
        "../../v2/me",
        "a/b",
        "a%2Fb",
        "a?b",
        "x" * 3000,
        "ü",
        "𝟙𝟚𝟛",
        "a b",
        "<script>",
        "",
        " ",
        "a\r\nX-Evil: 1",
    ],
)
def test_what_no_uid_can_be_is_refused_here(calcom: Sandbox, staff: User, uid: str) -> None:
    answer = look(desk(staff), uid, take="yes")

    assert answer.status_code == 422
    assert calcom.calls("GET", ONE) == []


def test_of_two_who_take_one_at_once_one_has_it(
    transactional_db: None, calcom: Sandbox, staff: User, colleague: User
) -> None:
    uid = calcom.insert_hold(CONSULT, MONDAY, minutes=20).uid
    calcom.faults.add("delay", method="GET", route=ONE, seconds=0.5, count=2)

    ends = at_once(lambda: take(staff, uid), lambda: take(colleague, uid))

    hold = Hold.objects.get()
    assert [getattr(end, "pk", end) for end in ends] == [hold.pk, hold.pk]
    entries = AuditEntry.objects.filter(action="take_in")
    assert sorted(e.outcome for e in entries) == ["", "", "ok", "ok"]


def unconfirmed(calcom: Sandbox, user: User) -> tuple[Hold, str]:
    """A hold whose answer never came, and the uid that nobody was told."""
    calcom.faults.add("drop", when="after", method="POST", route=ALL)
    with pytest.raises(HoldError):
        cast.place(user)
    [row] = calcom.live_rows()
    return Hold.objects.get(state="unconfirmed"), row.uid


def test_an_unconfirmed_hold_of_ours_is_confirmed_by_taking_it_in(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    waiting, uid = unconfirmed(calcom, staff)

    taken = take(admin, uid)

    hold = Hold.objects.get()
    assert taken == hold == waiting
    assert (hold.state, hold.holder, hold.client_name) == ("held", staff, "Grace")
    assert (hold.latest_end, hold.version) == (None, waiting.version + 1)
    assert cast.rows(calcom) == [cast.register(hold)]


def test_one_that_was_settled_while_we_looked_is_not_overwritten(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compare-and-set: what time decided stays, and the reservation gets a hold of its own."""
    waiting, uid = unconfirmed(calcom, staff)
    asked = checks.event_types.event_type

    def meanwhile(number: int) -> object:
        settle.settle_times(timezone.now() + timedelta(hours=3))
        return asked(number)

    monkeypatch.setattr(checks.event_types, "event_type", meanwhile)
    taken = take(staff, uid)

    assert taken is not None
    assert taken.pk != waiting.pk
    assert Hold.objects.get(pk=waiting.pk).state == "expired"
    assert cast.rows(calcom) == [cast.register(taken)]


def test_a_check_takes_over_what_was_changed_outside(calcom: Sandbox, staff: User) -> None:
    """With the event type, whose name, kind and length it had until then."""
    hold = cast.place(staff, event_type=VARIABLE, slot_duration=45)
    uid = str(Hold.objects.get(pk=hold.pk).reservation_uid)
    calcom.remove_holds()
    calcom.insert_hold(SHORT, MONDAY + timedelta(days=1), uid=uid, minutes=30)

    checked = checks.check(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())

    now = checked.hold
    assert checked.finding is Finding.MOVED
    assert (now.event_type_title, now.event_type_kind, now.slot_duration) == (
        "Short 30",
        "individual",
        None,
    )
    assert cast.rows(calcom) == [cast.register(hold)]


def test_a_released_hold_is_not_brought_back_by_a_check(calcom: Sandbox, staff: User) -> None:
    """Not even by a look at a copy of cal.com's database that is a moment behind."""
    hold = cast.place(staff)
    uid = str(Hold.objects.get(pk=hold.pk).reservation_uid)
    cast.release(staff, hold)
    calcom.insert_hold(CONSULT, MONDAY, uid=uid)

    with pytest.raises(HoldError) as told:
        checks.check(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())

    assert told.value.cause == "has_ended"
    assert Hold.objects.get(pk=hold.pk).state == "released"
