"""Holds that need the same person at once, across event types."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom import EventTypeKind, Host
from dashboard.holds import doubts, hosts, register
from dashboard.holds.models import Hold
from dashboard.holds.slots import SlotHold
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.factories import see
from tests.holds.test_doubts import ask, button
from tests.holds.verbs import COLLECTIVE, CONSULT, GROUP, MONDAY, ROUND_ROBIN, SHORT
from tests.pages.calendar_rows import event_type
from tests.pages.desk import desk, wish

pytestmark = pytest.mark.slow  # details of verbs: the fast lane has test_verbs

HOUR = timedelta(hours=1)
ADA, BEN, CY = [1, "Ada"], [2, "Ben"], [3, "Cy"]
# Names are isolated, and browsers do not translate them.
CLASH = (
    '<bdi translate="no">Owner</bdi> is also held 10:00–10:30 for '
    '<bdi translate="no">Grace</bdi> (by <bdi translate="no">colleague</bdi>).'
)
ONE, POOL = EventTypeKind.INDIVIDUAL, EventTypeKind.ROUND_ROBIN


def hold(
    pk: int, people: list[list[object]], kind: str = ONE, *, hours: float = 0, **fields: object
) -> Hold:
    """Return an hour's hold of an event type of its own."""
    start = MONDAY + hours * HOUR
    usual = {"event_type_id": pk, "event_type_kind": kind, "slot_end": start + HOUR}
    return Hold(pk=pk, slot_start=start, hosts=people, **usual | fields)


ALL = EventTypeKind.COLLECTIVE
# Holds beside the one that is wanted, and the numbers of those that clash with it.
FOR_ADA = {
    "the same person": ([hold(2, [ADA])], {2}),
    "another person": ([hold(2, [BEN])], set()),
    "one after the other": ([hold(2, [ADA], hours=1)], set()),
    "half an hour of it": ([hold(2, [ADA], hours=0.5)], {2}),
    "an end that is not known": ([hold(2, [ADA], hours=0.5, slot_end=None)], {2}),
    "the same event type is left to cal.com": ([hold(2, [ADA], event_type_id=1)], set()),
    "one of those that meet together": ([hold(2, [BEN, ADA], ALL)], {2}),
    "one of two, the other is left": ([hold(2, [ADA, BEN], POOL)], set()),
    "one of two, the other is taken": ([hold(2, [ADA, BEN], POOL), hold(3, [BEN])], {2}),
    "both of two": (
        [hold(2, [ADA, BEN], POOL), hold(3, [ADA, BEN], POOL, event_type_id=2)],
        {2, 3},
    ),
    "its own stand-in": ([hold(2, [ADA], stands_in_for_id=1)], set()),
    "no hosts known": ([hold(2, [])], set()),
    "hosts without an id": ([hold(2, [[None, "Ada"]])], set()),
}


FOR_ADA_OR_BEN = {
    "both are free": ([], set()),
    "one is busy": ([hold(2, [ADA])], set()),
    "both are busy": ([hold(2, [ADA]), hold(3, [BEN])], {2, 3}),
    "another is busy": ([hold(2, [CY])], set()),
    "one is busy, one is for a hold of its own": (
        [hold(2, [ADA]), hold(3, [ADA, BEN], POOL, event_type_id=1)],
        {2},
    ),
    "one is left beside another type": ([hold(2, [ADA, BEN], POOL)], set()),
    "both are needed by another type": (
        [hold(2, [ADA, BEN], POOL), hold(3, [ADA, BEN], POOL, event_type_id=2)],
        {2, 3},
    ),
    "one by another type, one by its own": (
        [hold(2, [ADA, BEN], POOL), hold(3, [ADA, BEN], POOL, event_type_id=1)],
        {2},
    ),
    "the other type can give way": (
        [hold(2, [ADA, CY], POOL), hold(3, [BEN, CY], POOL)],
        set(),
    ),
    "the other types cannot both give way": (
        [hold(2, [ADA, CY], POOL), hold(3, [BEN, CY], POOL), hold(4, [CY])],
        {2, 3},
    ),
    "one is busy, one is needed by another type": (
        [hold(2, [ADA, BEN], POOL), hold(3, [BEN])],
        {2, 3},
    ),
}


@pytest.mark.parametrize(
    ("wanted", "cases"),
    [(hold(1, [ADA]), FOR_ADA), (hold(1, [ADA, BEN], POOL), FOR_ADA_OR_BEN)],
    ids=["one person", "round robin"],
)
def test_holds_that_leave_a_host_needed_twice(wanted: Hold, cases: dict[str, tuple]) -> None:
    for case, (others, expected) in cases.items():
        found = hosts.clashing(wanted, others)
        assert (case, {each.pk for each in found}) == (case, expected)


def test_board_looks_as_far_along_shared_hosts_as_the_question() -> None:
    ada = hold(1, [ADA])
    others = [hold(2, [ADA, BEN], POOL), hold(3, [BEN, CY], POOL), hold(4, [CY])]

    assert hosts.clashing(ada, others) == others[:1]
    assert hosts.all_clashes([ada, *others])[1] == tuple(others[:1])


def test_board_compares_only_holds_at_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    is_beside = hosts.is_beside
    monkeypatch.setattr(hosts, "is_beside", lambda *pair: compared.append(pair) or is_beside(*pair))
    week = [hold(2 * hour, [ADA], hours=hour) for hour in range(1, 50)]
    same_time = hold(1, [ADA, BEN], ALL, hours=1.5)

    found = hosts.all_clashes([*week, same_time])

    assert {pk: {each.pk for each in clashes} for pk, clashes in found.items()} == {
        1: {2, 4},
        2: {1},
        4: {1},
    }
    assert len(compared) == 4


@pytest.mark.parametrize("fixed", [{1}, {1, 2}])
def test_fixed_hosts_of_round_robin_are_needed_by_each_hold(fixed: set[int]) -> None:
    known = [Host(pk, name, "", is_fixed=pk in fixed) for pk, name in (ADA, BEN, CY)]
    pooled = event_type(1, kind=POOL, hosts=tuple(known))
    slot = SlotHold(1, MONDAY, MONDAY + HOUR, None, MONDAY)

    wanted = doubts.wanted_hold(slot, pooled)
    guard = doubts.host_guard(wanted, MONDAY)

    assert guard is not None
    assert guard.hosts == 1
    assert {
        pk for pk, name in (ADA, BEN, CY) if hosts.clashing(wanted, [hold(2, [[pk, name]])])
    } == (fixed)
    assert hosts.needed_by(pooled) == fixed


def test_hold_keeps_its_hosts_and_a_move_those_of_its_new_event_type(
    calcom: Sandbox, staff: User
) -> None:
    hold = verbs.place(staff)
    before = hold.hosts

    moved = verbs.move(staff, hold, MONDAY + 3 * HOUR, event_type_id=COLLECTIVE)

    assert (before, moved.hosts) == (
        [[1, "Owner", False]],
        [[1, "Owner", False], [2, "Mate", False]],
    )


@pytest.mark.parametrize("is_end_known", [True, False])
def test_busy_host_is_asked_back_by_name(
    calcom: Sandbox, staff: User, colleague: User, *, is_end_known: bool
) -> None:
    held = verbs.place(colleague, event_type=SHORT)
    if not is_end_known:
        Hold.objects.filter(pk=held.pk).update(slot_end=None)

    asked = ask(staff)

    page = asked.content.decode()
    assert (asked.status_code, button(asked)) == (409, "host_busy")
    shown = (
        "Owner is held at this time already.",
        "Grace",
        'held by <bdi translate="no">colleague</bdi> until',
    )
    assert [text for text in shown if text not in page] == []
    entry = AuditEntry.objects.get(error_code="host_busy")
    assert "Grace" not in str(vars(entry))
    answer = ask(staff, confirm=button(asked))
    assert (answer.status_code, Hold.objects.filter(state="held").count()) == (303, 2)


def test_clash_is_told_after_placing_where_no_question_was_put(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    """As where a colleague's hold came between question and call."""
    verbs.place(colleague, event_type=SHORT)
    browser = desk(staff)

    added = browser.post("/holds/new", wish(then="offer"), follow=True)
    placed = browser.post("/holds/new", wish(event_type_id=GROUP), follow=True)

    assert [CLASH in page.content.decode() for page in (added, placed)] == [True, True]


def test_host_who_is_busy_at_another_time_is_not_asked_back(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    verbs.release(colleague, verbs.place(colleague, event_type=SHORT))
    verbs.place(colleague, event_type=SHORT, start=MONDAY + HOUR)

    assert ask(staff).status_code == 303


def test_move_names_a_busy_host_before_it_is_sent(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    verbs.place(colleague, event_type=GROUP)
    hold, browser = verbs.place(staff, start=MONDAY + 3 * HOUR), desk(staff)
    path, wish = f"/holds/{hold.pk}/move", {"slot_start": MONDAY.isoformat(), "asks": "yes"}

    preview = browser.get(path, wish).content.decode()
    asked = browser.post(path, wish)
    moved = browser.post(path, wish | {"confirm": "host_busy"})

    assert "Owner is held at this time already." in preview
    assert 'name="confirm" value="host_busy"' in preview
    assert (asked.status_code, moved.status_code) == (409, 303)


def test_both_holds_say_so_on_board_and_page_until_one_ends(
    calcom: Sandbox, staff: User, colleague: User, admin: User
) -> None:
    mine, theirs = verbs.place(staff), verbs.place(colleague, event_type=SHORT)

    def told() -> tuple[bool, bool]:
        [row] = re.findall(f'<tr id="h{mine.pk}".*?</tr>', see(staff).rows)
        return CLASH in row, CLASH in desk(staff).get(f"/holds/{mine.pk}/").content.decode()

    assert told() == (True, True)
    assert ["(by you)" in see(user).rows for user in (colleague, admin)] == [True, False]
    verbs.release(colleague, theirs)
    assert told() == (False, False)


def test_hold_that_ran_out_is_no_clash(calcom: Sandbox, staff: User, colleague: User) -> None:
    mine = verbs.place(staff, minutes=60)
    verbs.place(colleague, event_type=SHORT, minutes=15)
    current, cal_now = register.read(timezone.now())

    later = [cal_now, cal_now + timedelta(minutes=20)]

    assert [len(current.clashes_of(mine.pk, at)) for at in later] == [1, 0]


def test_round_robin_is_told_only_when_no_host_is_left(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    verbs.place(colleague, event_type=CONSULT)
    first = ask(staff, event_type_id=ROUND_ROBIN)

    second = ask(staff, event_type_id=ROUND_ROBIN)

    assert (first.status_code, second.status_code) == (303, 409)
    assert "Owner is held at this time already." in second.content.decode()
