"""Clauses of a line: event types, failures of calls, and what only the log tells."""

from html import unescape

import pytest
from django.test import Client
from django.utils import translation

from dashboard.accounts.people import PeopleError
from dashboard.accounts.roles import Role
from dashboard.audit import export, formatting, log_verification, trail
from dashboard.audit.action_labels import CODES, code_label
from dashboard.audit.chain_verification import LogFault, Verification
from dashboard.audit.search import story
from dashboard.holds.models import Hold
from tests.accounts.cast import acting, make_hold
from tests.audit.recorded import (
    AFTER,
    BEFORE,
    NOON,
    Action,
    Answered,
    Outcome,
    after,
    begin_to_extend,
    extend,
    lines,
    only_line,
)
from tests.kept import forget_kept


def move_to_type(staff, hold, number: int, **ending) -> None:
    """Record a move to another event type, one hour later, which holds it a second longer."""
    before = BEFORE | {"event_type_id": 1, "held_until": "2025-11-25T12:15:00Z"}
    later = {"event_type_id": number, "slot_start": "2025-11-26T14:30:00Z"}
    begun = trail.intent(
        action=Action.MOVE,
        by=acting(staff),
        hold_id=hold.pk,
        asked=later,
        before=before,
        method="POST",
        path="/v2/slots/reservations",
        now=NOON,
    )
    if ending["outcome"] == Outcome.OK:
        ending["after"] = before | later | {"held_until": "2025-11-25T12:15:01Z"}
    trail.outcome(begun, now=after(1), **ending)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("2025-11-25T14:00:00Z", "2025-11-25T15:00:00Z", "15:00 → 16:00"),
        ("2025-11-25T14:00:00Z", "2025-11-25T14:00:09Z", "15:00:00 → 15:00:09"),
        ("2025-11-25T14:00:00Z", "2025-11-26T14:00:00Z", "15:00 → Wed 26 Nov 2025 15:00"),
        # Back to the day of the entry, whose time alone would seem to be of the day before it.
        (
            "2025-11-26T14:00:00Z",
            "2025-11-25T15:00:00Z",
            "Wed 26 Nov 2025 15:00 → Tue 25 Nov 2025 16:00",
        ),
        ("2026-01-02T14:00:00Z", "2026-01-02T15:00:00Z", "Fri 2 Jan 2026 15:00 → 16:00"),
    ],
)
def test_changed_time_is_clear_by_itself(old, new, told):
    assert " → ".join(formatting.before_and_after("slot_start", old, new, near=NOON)) == told


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Team", "Consult 60 → Team; Wed 26 Nov 2025 14:30 → 15:30"),
        ("Consult 60", "Consult 60 (1) → Consult 60 (7); Wed 26 Nov 2025 14:30 → 15:30"),
        ("", "Consult 60 → 7; Wed 26 Nov 2025 14:30 → 15:30"),
    ],
)
def test_move_tells_both_event_types(staff, hold, title, told):
    forget_kept()
    make_hold(staff, event_type_id=7, event_type_title=title, reservation_uid=None)
    move_to_type(staff, hold, 7, outcome=Outcome.OK)
    told += "; held until: 13:15:00 → 13:15:01"
    (line,) = story(hold.pk, now=NOON).lines
    assert f"{line.did_it}{line.clauses_text}" == f"moved it, {told}"
    assert f", {told}" in only_line().sentence


ADA, BEN, CY = ([number, name, False] for number, name in enumerate(("Ada", "Ben", "Cy"), 1))


@pytest.mark.parametrize(
    ("hosts", "others", "told"),
    [
        ([ADA], [BEN], "Consult 60 · Ada → Consult 60 · Ben"),
        ([ADA], [ADA, BEN], "Consult 60 · Ada → Consult 60 · Ada, Ben"),
        ([ADA], [ADA], "Consult 60 (1) → Consult 60 (7)"),
        ([ADA], [ADA, BEN, CY], "Consult 60 (1) → Consult 60 (7)"),
    ],
)
def test_move_to_another_person_tells_both(staff, hold, hosts, others, told):
    forget_kept()
    Hold.objects.filter(pk=hold.pk).update(hosts=hosts)
    make_hold(
        staff,
        event_type_id=7,
        event_type_title="Consult 60",
        hosts=others,
        reservation_uid=None,
    )
    move_to_type(staff, hold, 7, outcome=Outcome.OK)
    (line,) = story(hold.pk, now=NOON).lines
    assert f"{line.did_it}{line.clauses_text}".startswith(f"moved it, {told}; ")


def test_refused_move_to_another_person_tells_whose_time_was_wanted(staff, hold):
    forget_kept()
    make_hold(staff, event_type_id=7, event_type_title="Team", hosts=[BEN], reservation_uid=None)
    refused = Answered("POST", status=422)
    move_to_type(staff, hold, 7, outcome=Outcome.REFUSED, answered=refused, message="No.")
    assert only_line().clauses[0] == "to Team · Ben"


def test_refused_move_tells_the_wanted_event_type(staff, hold):
    forget_kept()
    make_hold(staff, event_type_id=7, event_type_title="Team", reservation_uid=None)
    refused = Answered("POST", status=422)
    move_to_type(staff, hold, 7, outcome=Outcome.REFUSED, answered=refused, message="No.")
    assert only_line().clauses == ("to Team (7)", "to Wed 26 Nov 2025 15:30", "cal.com: No")
    with translation.override("de"):
        assert only_line().details_text.startswith(
            ', zu Team (7); auf Mi, 26. Nov 2025 15:30; cal.com: <span lang="en">No</span>; '
        )


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        ((Outcome.UNKNOWN, "unanswered", None), "cal.com did not answer"),
        ((Outcome.UNKNOWN, "server_fault", 500), "cal.com answered with status 500"),
        (
            (Outcome.UNAVAILABLE, "rate_limited", 429),
            "cal.com allows no more requests for the moment",
        ),
        ((Outcome.UNKNOWN, "not_json", 200), "cal.com's answer could not be read"),
        ((Outcome.UNKNOWN, "unknown_shape", 201), "cal.com's answer could not be read"),
        ((Outcome.UNKNOWN, "", 200), "the result was not known yet"),
        ((Outcome.UNAVAILABLE, "unanswered", None), "cal.com did not answer"),
        ((Outcome.UNAVAILABLE, "not_sent", None), "cal.com could not be asked"),
    ],
)
def test_no_line_has_the_name_of_a_class(staff, hold, failure, told):
    outcome, code, status = failure
    begun = begin_to_extend(staff, hold)
    trail.outcome(
        begun,
        outcome=outcome,
        answered=Answered(status=status),
        error_code=code,
        message="" if status else "RemoteProtocolError: Server disconnected",
        now=after(1),
    )
    took = "; cal.com took 212 ms" if status else ""
    assert unescape(only_line().details_text) == f", {told}{took}"


@pytest.mark.django_db
def test_what_was_done_with_the_log_is_told():
    """Say what was exported, from where on a stream goes, what a verification found, what went."""
    export.record("csv", ["Action: placed a hold"], by=None, now=NOON)
    export.record("jsonl", [], by=None, now=NOON, first=7)
    fault = LogFault("changed", 3, 5)
    log_verification.record(Verification(1, 2, "", False, fault, ("indexes",)), by=None, now=NOON)
    gone = {
        "asked": {"before": BEFORE["held_until"]},
        "after": {"first": 1, "last": 9, "hash": "x"},
    }
    trail.event(action=Action.PRUNE, by=None, now=NOON, **gone)
    address = {"address": "10.0.0.1"}
    trail.event(action=Action.SIGN_IN_UNLOCKED, by=None, now=NOON, asked=address)
    assert [unescape(line.sentence.removeprefix("the system ")) for line in lines()][::-1] == [
        "exported the log, format: csv; filters: Action: placed a hold",
        "exported the log, format: jsonl; first position: 7",
        "verified the log and found a fault, also compared: indexes; fault: changed;"
        " position of the fault: 3; entry of the fault: 5",
        "removed old entries of the log, older than: 13:15; first position: 1; last position: 9",
        "ended the waits to sign in, IP address: 10.0.0.1",
    ]


def test_refusal_without_a_message_tells_why(staff):
    by, asked = acting(staff), {"username": "staff"}
    refused = {"by": by, "outcome": Outcome.REFUSED, "asked": asked, "now": NOON}
    trail.event(action=Action.PASSWORD_CHANGED, error_code="wrong_password", **refused)
    assert only_line().sentence == (
        "staff tried to change a password: staff, the password was wrong"
    )
    assert {each.code for each in PeopleError.__subclasses__()} <= CODES.keys()


def test_each_role_has_a_word():
    with translation.override("de"):
        words = {role.value: code_label(role) for role in Role if role}
    assert words == {"Staff": "Team", "Admins": "Admins", "Wallboard": "Wandanzeige"}


def test_erasure_says_once_that_the_client_was_erased(staff, hold):
    erased = {"action": Action.ERASE, "outcome": Outcome.OK, "hold_id": hold.pk, "asked": {}}
    trail.event(by=acting(staff), now=NOON, **erased)
    Hold.objects.update(client_name="", erased_at=NOON)
    assert only_line().did == f"erased the client's data of hold {hold.pk}"


@pytest.mark.parametrize(
    ("action", "outcome", "code", "told"),
    [
        (
            Action.LOOK_UP,
            Outcome.OK,
            "nothing_found",
            "looked up a reservation, cal.com has no such",
        ),
        (
            Action.TAKE_IN,
            Outcome.REFUSED,
            "was_known",
            "tried to add a hold to the board, it was on",
        ),
        (
            Action.RELEASE,
            Outcome.OK,
            "was_already_gone",
            "released a hold, cal.com no longer had it",
        ),
    ],
)
def test_code_tells_what_no_message_does(staff, action, outcome, code, told):
    begun = trail.intent(action=action, by=acting(staff), asked={}, method="GET", now=NOON)
    trail.outcome(begun, outcome=outcome, answered=Answered(), error_code=code, now=after(1))
    assert only_line().sentence.startswith(f"staff {told}")


def test_own_refusal_tells_the_minutes(staff, hold):
    trail.event(
        action=Action.EXTEND,
        by=acting(staff),
        outcome=Outcome.REFUSED,
        hold_id=hold.pk,
        asked={"slot_duration": None, "reservation_duration": 900},
        message="Enter 1 to 120 minutes from now.",
        now=NOON,
    )
    assert only_line().details_text == (
        ", to be held for: 900 minutes; Holdfast: Enter 1 to 120 minutes from now"
    )
    with translation.override("de"):
        assert only_line().details_text.endswith(
            "; Holdfast: Geben Sie 1 bis 120 Minuten ab jetzt ein"
        )
    dated = "This reservation ran out (Wed 3 Mar 2027 14:00:00, Europe/Rome)."
    for message in ("Older.", dated):
        trail.event(action=Action.MOVE, by=None, outcome=Outcome.REFUSED, message=message, now=NOON)
    with translation.override("de"):
        assert [line.details_text for line in lines()[:2]] == [
            ", Holdfast: Diese Reservierung ist abgelaufen: Mi, 3. Mär 2027 14:00:00 (Europe/Rome)",
            ', Holdfast: <span lang="en">Older</span>',
        ]


def test_story_leaves_out_how_it_was_done_at_cal_com(staff, hold):
    client = Client()
    client.force_login(staff)
    extend(staff, hold)
    page = " ".join(client.get(f"/holds/{hold.pk}/").content.decode().split())
    assert "extended it, 13:15 → 13:30 </p>" in page
    assert "calls in" not in page
    assert "by parking and returning" not in page


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("2025-11-26T14:30:00+00:00", ""),  # as before, in another form
        ("2025-11-26T14:00:00+00:00", "length of the slot: 60 minutes → 30 minutes; "),
    ],
)
def test_changed_length_of_the_slot(staff, hold, end, told):
    begun = begin_to_extend(staff, hold)
    trail.outcome(begun, outcome=Outcome.OK, after=AFTER | {"slot_end": end}, now=after(1))
    assert f"{only_line().clauses_text}; " == f", {told}13:15 → 13:30; "
