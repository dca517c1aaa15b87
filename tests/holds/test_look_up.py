"""Reservations that the register does not know: look them up, add them to the board."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds import event_types, lookup, settle
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import verbs
from tests.holds.concurrency import delayed
from tests.holds.observe import at_cal_com, in_register, states
from tests.holds.verbs import ALL, CONSULT, MONDAY, ONE, VARIABLE
from tests.pages.desk import desk

UNKNOWN = "5f1c7a52-1111-4222-8333-444455556666"
NO_UIDS = [
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
]


def look_up(browser: Client, uid: str, **more: str) -> HttpResponse:
    return browser.post("/look-up", {"uid": uid, **more})


def key_of(page: HttpResponse) -> str:
    """Return what the page has in the place of the uid."""
    [tag] = re.findall(r'<input[^>]*name="find"[^>]*>', page.content.decode())
    return re.findall(r'value="(\w+)"', tag)[0]


def take_in(user: User, uid: str) -> Hold:
    hold = lookup.take_in(uid=uid, by=acting(user), now=timezone.now())
    assert hold is not None
    return hold


def test_known_uid_leads_to_its_hold(calcom: Sandbox, staff: User, admin: User) -> None:
    hold = verbs.place(staff)
    uid = str(hold.reservation_uid)

    answers = [look_up(desk(admin), uid), look_up(desk(admin), uid, take="yes")]

    assert [(a.status_code, a["Location"]) for a in answers] == [(303, f"/holds/{hold.pk}/")] * 2
    assert calcom.calls("GET", ONE) == []


def test_unknown_reservation_is_shown_and_added_by_its_key(calcom: Sandbox, staff: User) -> None:
    uid = calcom.insert_hold(CONSULT, MONDAY, minutes=20).uid
    browser = desk(staff)

    shown = look_up(browser, uid)
    assert (shown.status_code, Hold.objects.count()) == (200, 0)
    added = browser.post("/look-up", {"find": key_of(shown), "take": "yes", "client_name": "Ada"})

    hold = Hold.objects.get()
    assert "Consult 60" in shown.content.decode()
    assert (added.status_code, added["Location"]) == (303, f"/holds/{hold.pk}/")
    assert (hold.state, hold.holder, hold.client_name) == ("held", staff, "Ada")
    assert (hold.event_type_title, hold.event_type_kind) == ("Consult 60", "individual")
    assert at_cal_com(calcom) == in_register(hold)
    pages = [shown, added, browser.get(added["Location"]), browser.get("/")]
    assert [p for p in pages if uid in f"{p.headers}{p.cookies.output()}{p.content.decode()}"] == []


def test_key_is_of_no_use_to_a_colleague(calcom: Sandbox, staff: User, colleague: User) -> None:
    uid = calcom.insert_hold(CONSULT, MONDAY).uid
    key = key_of(look_up(desk(staff), uid))

    answer = desk(colleague).post("/look-up", {"find": key, "take": "yes"})

    assert (answer.status_code, Hold.objects.count()) == (422, 0)


def test_added_hold_can_be_changed(calcom: Sandbox, staff: User) -> None:
    row = calcom.insert_hold(VARIABLE, MONDAY, slot_duration=45, minutes=20)

    verbs.extend(staff, take_in(staff, row.uid), 40)

    [kept] = calcom.live_rows()
    assert (kept.uid, kept.end - kept.start) == (row.uid, timedelta(minutes=45))


def test_missing_reservation_is_a_404(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)

    answers = [look_up(browser, UNKNOWN), look_up(browser, UNKNOWN, take="yes")]

    assert [answer.status_code for answer in answers] == [404, 404]
    message = "cal.com has no reservation with this uid."
    assert [message in answer.content.decode() for answer in answers] == [True, True]
    assert Hold.objects.count() == 0


def test_expired_reservation_is_shown_and_not_added(calcom: Sandbox, staff: User) -> None:
    uid = calcom.insert_hold(CONSULT, MONDAY, minutes=-1).uid
    browser = desk(staff)

    shown, refused = look_up(browser, uid), look_up(browser, uid, take="yes")

    assert (shown.status_code, refused.status_code) == (200, 409)
    assert 'value="yes"' not in shown.content.decode()
    assert Hold.objects.count() == 0


def test_invalid_uid_is_refused_without_a_call(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)

    statuses = {uid: look_up(browser, uid, take="yes").status_code for uid in NO_UIDS}

    assert statuses == dict.fromkeys(NO_UIDS, 422)
    assert calcom.calls("GET", ONE) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("patient")
def test_reservation_added_by_two_at_once_is_one_hold(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    uid = calcom.insert_hold(CONSULT, MONDAY, minutes=20).uid

    with delayed(calcom, lambda: take_in(staff, uid), "GET") as adding:
        added = take_in(colleague, uid)
        assert adding.finish() == added

    assert Hold.objects.get() == added
    entries = AuditEntry.objects.filter(action="take_in")
    assert sorted(entry.outcome for entry in entries) == ["", "", "ok", "ok"]


def place_unanswered(calcom: Sandbox, user: User) -> tuple[Hold, str]:
    """Place a hold whose POST is not answered; return it and the uid that cal.com gave it."""
    calcom.faults.add("drop", when="after", method="POST", route=ALL)
    with pytest.raises(HoldError):
        verbs.place(user)
    [row] = calcom.live_rows()
    return Hold.objects.get(state="unconfirmed"), row.uid


def test_reservation_of_an_unconfirmed_hold_confirms_it(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    unconfirmed, uid = place_unanswered(calcom, staff)

    added = take_in(admin, uid)

    hold = Hold.objects.get()
    assert added == hold == unconfirmed
    assert (hold.state, hold.holder, hold.client_name) == ("held", staff, "Grace")
    assert (hold.latest_end, hold.version) == (None, unconfirmed.version + 1)
    assert at_cal_com(calcom) == in_register(hold)


def test_unconfirmed_hold_that_was_settled_meanwhile_is_not_overwritten(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reservation gets a hold of its own."""
    unconfirmed, uid = place_unanswered(calcom, staff)
    event_type = event_types.event_type

    def settle_first(event_type_id: int) -> object:
        settle.settle_times(timezone.now() + timedelta(hours=3))
        return event_type(event_type_id)

    monkeypatch.setattr(event_types, "event_type", settle_first)
    added = take_in(staff, uid)

    assert added != unconfirmed
    assert states(unconfirmed) == ["expired"]
    assert at_cal_com(calcom) == in_register(added)
