"""What time decides, and changes that were broken off."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom import Cause, Exchange, Refused
from dashboard.holds import claims, settle
from dashboard.holds.calls import Action
from dashboard.holds.changes import Change, Phase
from dashboard.holds.models import Hold, Upstream
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests import serving
from tests.holds import cast
from tests.holds.cast import ALL, CONSULT, LATER, MONDAY, ONE
from tests.holds.concurrency import at_once
from tests.holds.desk import desk

MINUTE = timedelta(minutes=1)


def later(minutes: float) -> datetime:
    return timezone.now() + minutes * MINUTE


def states() -> list[str]:
    return list(Hold.objects.order_by("id").values_list("state", flat=True))


def broken_off(calcom: Sandbox, user: User, *, skip: int, when: str) -> Hold:
    """A hold whose extension died at a call; ``skip`` PATCHes went before it."""
    hold = cast.place(user)
    patience, claims.CALL_SECONDS = claims.CALL_SECONDS, 0.1
    try:
        calcom.faults.add("drop", when=when, method="PATCH", route=ONE, skip=skip, count=None)
        calcom.faults.add("500", method="GET", route=ONE, count=None)
        with pytest.raises(HoldError):
            cast.extend(user, hold)
    finally:
        claims.CALL_SECONDS = patience
    calcom.faults.clear()
    return hold


def test_a_hold_expires_once_without_a_call(calcom: Sandbox, staff: User) -> None:
    hold = cast.place(staff, minutes=15)
    until = Hold.objects.get(pk=hold.pk).held_until
    calcom.forget_calls()

    counts = [settle.settle_times(later(minutes)) for minutes in (14, 15.1, 15.2)]

    ended = Hold.objects.get(pk=hold.pk)
    assert counts == [0, 1, 0]
    assert (ended.state, ended.ended_at) == ("expired", until)
    assert calcom.calls() == []
    [entry] = AuditEntry.objects.filter(action="expire")
    assert (entry.actor, entry.actor_name, entry.hold_id) == (None, "system", hold.pk)


@pytest.mark.django_db(transaction=True)
def test_many_who_come_by_at_once_record_it_once(calcom: Sandbox, staff: User) -> None:
    for number in range(3):
        cast.place(staff, start=MONDAY + timedelta(hours=number))
    now = later(16)

    counts = at_once(*[lambda: settle.settle_times(now)] * 4)

    assert sum(count for count in counts if isinstance(count, int)) == 3
    assert AuditEntry.objects.filter(action="expire").count() == 3
    assert states() == ["expired"] * 3


def test_the_poll_of_the_board_comes_by_too(calcom: Sandbox, staff: User) -> None:
    cast.place(staff)
    Upstream.objects.update(clock_offset_ms=16 * 60_000)
    calcom.forget_calls()

    desk(staff).get("/")

    assert states() == ["expired"]
    assert calcom.calls() == []


def test_an_unconfirmed_hold_ends_when_it_can_no_longer_stand(calcom: Sandbox, staff: User) -> None:
    """Its time limit's end, a minute for what may still land, and the minutes asked."""
    calcom.faults.add("drop", when="after", method="POST", route=ALL)
    with pytest.raises(HoldError):
        cast.place(staff, minutes=15)
    [row] = calcom.live_rows()
    waiting = Hold.objects.get()
    assert waiting.latest_end is not None
    assert row.release_at <= waiting.latest_end <= row.release_at + 1.1 * MINUTE

    assert [settle.settle_times(later(minutes)) for minutes in (15.9, 16.2)] == [0, 1]
    assert states() == ["expired"]


def test_a_placing_that_died_is_unconfirmed_and_its_action_has_an_end(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        pass

    def die(*_args: object, **_more: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr("dashboard.holds.calls.Action.reserve", die)
        with pytest.raises(KilledError):
            cast.place(staff)
    hold = Hold.objects.get()
    assert hold.state == "placing"

    counts = [settle.settle_times(later(minutes)) for minutes in (0, 1)]

    hold.refresh_from_db()
    assert (counts, hold.state, hold.claim_id) == ([0, 1], "unconfirmed", None)
    assert cast.story(hold) == [
        ("intent", "place", "POST", ""),
        ("outcome", "place", "", "unknown"),
    ]
    assert AuditEntry.objects.get(kind="outcome").error_code == "process_died"


def test_an_extension_that_died_while_parked_is_finished(calcom: Sandbox, staff: User) -> None:
    hold = broken_off(calcom, staff, skip=2, when="before")
    [parked] = calcom.live_rows()
    assert parked.start < MONDAY
    assert Change.from_json(Hold.objects.get().change or {}).phase is Phase.ARRIVING

    call_command("settle")

    assert states() == ["held"]
    assert Hold.objects.get().change is None
    assert cast.rows(calcom) == [cast.register(hold)]
    assert cast.register(hold)[1] == MONDAY
    assert cast.seconds_left(hold) > 1700


def test_one_whose_return_had_landed_is_only_looked_at(calcom: Sandbox, staff: User) -> None:
    hold = broken_off(calcom, staff, skip=2, when="after")
    calcom.forget_calls()

    call_command("settle")

    assert [c.method for c in calcom.calls(route=ONE)] == ["GET"]
    assert cast.rows(calcom) == [cast.register(hold)]
    assert Hold.objects.get().change is None


def test_opening_the_hold_finishes_it_too(calcom: Sandbox, staff: User) -> None:
    hold = broken_off(calcom, staff, skip=2, when="before")

    page = desk(staff).get(f"/holds/{hold.pk}/")

    assert page.status_code == 200
    assert Hold.objects.get().change is None
    assert cast.register(hold)[1] == MONDAY


def test_the_way_back_waits_for_a_colleague_who_asks_for_the_time(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    """It is a time that is asked for, so it is guarded like any."""
    broken_off(calcom, staff, skip=2, when="before")
    asking = cast.place(colleague, start=LATER)
    Hold.objects.filter(pk=asking.pk).update(
        asking_event_type=CONSULT,
        asking_start=MONDAY,
        asking_end=MONDAY + timedelta(hours=1),
        claim_until=later(1),
    )
    calcom.forget_calls()

    settle.settle_changes(timezone.now())
    assert calcom.calls(route=ONE) == []

    settle.settle_changes(later(1.1))
    assert [c.method for c in calcom.calls(route=ONE)] == ["GET", "PATCH"]


def test_background_work_leaves_room_for_people(calcom: Sandbox, staff: User) -> None:
    released_half_way(calcom, staff)
    Upstream.objects.update(rate_limit=120, rate_remaining=21, rate_resets_at=later(1))
    calcom.forget_calls()

    assert settle.settle_changes(timezone.now()) == 1
    assert calcom.calls() == []

    Upstream.objects.update(rate_remaining=22)
    assert settle.settle_changes(timezone.now()) == 0


def test_what_is_parked_waits_for_nobodys_convenience(calcom: Sandbox, staff: User) -> None:
    """Its time is free for anybody."""
    broken_off(calcom, staff, skip=2, when="before")
    Upstream.objects.update(rate_limit=120, rate_remaining=2, rate_resets_at=later(1))

    assert settle.settle_changes(timezone.now()) == 0
    assert cast.register(Hold.objects.get())[1] == MONDAY


@pytest.mark.parametrize("skip", [1, 2])
def test_a_look_that_is_refused_gives_nothing_up(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch, skip: int
) -> None:
    """Only a refused way back has turned a parked hold away."""
    broken_off(calcom, staff, skip=skip, when="before" if skip == 2 else "after")
    get = Action.get

    def refuse(self: Action, *args: Any, **more: Any) -> Any:
        get(self, *args, **more)
        told = replace(AN_EXCHANGE, status=403)
        raise Refused(Cause.OTHER_REFUSAL, told)

    with monkeypatch.context() as patched:
        patched.setattr(Action, "get", refuse)
        assert settle.settle_changes(timezone.now()) == 1

    assert settle.settle_changes(later(2)) == 0
    assert states() == ["held"]
    assert cast.register(Hold.objects.get())[1] == MONDAY


def test_a_release_that_is_refused_is_tried_until_the_hold_runs_out(
    calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = released_half_way(calcom, staff)
    until = Hold.objects.get().held_until

    def refuse(*_args: Any, **_more: Any) -> None:
        raise Refused(Cause.OTHER_REFUSAL, AN_EXCHANGE)

    with monkeypatch.context() as patched:
        patched.setattr(Action, "delete", refuse)
        assert [settle.settle_changes(later(minutes)) for minutes in (2, 4)] == [1, 1]
        assert Change.from_json(Hold.objects.get().change).phase is Phase.DELETING
        calcom.clock.shift(16 * 60)
        Upstream.objects.update(clock_offset_ms=16 * 60_000)
        assert settle.settle_changes(later(6)) == 0
    ended = Hold.objects.get(pk=hold.pk)
    assert (ended.state, ended.ended_at) == ("expired", until)


def released_half_way(calcom: Sandbox, user: User) -> Hold:
    hold = cast.place(user)
    calcom.faults.add("500", method="DELETE", route=ONE, count=None)
    with pytest.raises(HoldError):
        cast.release(user, hold)
    calcom.faults.clear()
    return hold


NOW = timezone.now()
AN_EXCHANGE = Exchange("GET", ONE, NOW, NOW, 1, 403)


@pytest.fixture
def variables(tmp_path: Path, sandbox: Sandbox) -> dict[str, str]:
    url = f"sqlite:///{tmp_path / 'settle.sqlite3'}"
    found = serving.environment(
        public_url="http://localhost", database_url=url, CALCOM_API_URL=sandbox.url
    )
    serving.manage(found, "migrate")
    return found


def test_the_command_once(variables: dict[str, str]) -> None:
    assert serving.manage(variables, "settle") == "0 left half-way\n"


def test_the_command_ends_with_its_parent(variables: dict[str, str]) -> None:
    """``--every`` goes on for ever; ``--with-parent`` until its input is closed."""
    service = subprocess.Popen(
        [sys.executable, "manage.py", "settle", "--every", "0.1", "--with-parent"],
        cwd=serving.PROJECT,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    time.sleep(3)
    assert service.poll() is None

    said, _ = service.communicate(timeout=20)

    assert (service.returncode, said) == (0, b"")
