"""No kill loses a hold: real processes, real SIGKILL, real HTTP.

A server is killed before its first write, at a call or after its last write; then it is started
again, ``manage.py settle`` runs, and register, audit and pages are compared with the sandbox.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from django.db import connection

from dashboard.sandbox import Sandbox
from tests.future_dates import world
from tests.holds import invariants
from tests.holds.crash_harness import (
    KILLED,
    Database,
    ForkServer,
    PostgresqlDatabase,
    ServedOffice,
    SqliteDatabase,
    fork_server,
)
from tests.holds.fault_cases import KILLS, KILLS_OF_SETTLE, Moment
from tests.holds.staff_actions import KNOWN_UID, STRANGERS_MINUTES, StaffAction, prepare
from tests.holds.verbs import CONSULT, LATER

PAST_ALL_LANDINGS = 200  # seconds: longer than any claim and any late call
PAST_ALL_HOLDS = 4 * 3600

Laid = tuple[ForkServer, Path, Sandbox, Database]


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laid]:
    """Share a migrated database to copy, a fork server and a sandbox between the tests."""
    folder = tmp_path_factory.mktemp("killed")
    is_postgresql = connection.vendor == "postgresql"
    database = PostgresqlDatabase() if is_postgresql else SqliteDatabase(folder)
    try:
        with Sandbox(world()) as calcom, fork_server(folder, calcom, database) as server:
            yield server, folder, calcom, database
    finally:
        database.drop()


@pytest.fixture
def office(laid: Laid) -> Iterator[ServedOffice]:
    office = ServedOffice(*laid)
    office.sign_in()
    yield office
    office.close()


def begin(action: StaffAction, office: ServedOffice) -> dict[str, int]:
    """Make what is there before the action; return the ids for its form."""
    if action.form.to == "/look-up":
        office.calcom.insert_reservation(CONSULT, LATER, minutes=STRANGERS_MINUTES, uid=KNOWN_UID)
    ids = prepare(action, office.send)
    office.forward(action.waits)
    if action.faults_before:
        office.calcom.faults.add(**action.faults_before)
    if action.by != "staff":
        office.sign_in(action.by)
    return ids


def kill(action: StaffAction, moment: Moment, office: ServedOffice) -> None:
    """Act, and check that the server is killed then, with each call written down before it."""
    ids = begin(action, office)
    earlier = office.calls().total()
    office.kill_at(moment)
    with pytest.raises(httpx.TransportError):
        office.send(action.form, ids)
    assert office.exit_code() == KILLED
    written = {"arrival": 0, "departure": len(action.calls)}.get(moment.at, moment.call)
    sent = written - (moment.at == "before")
    assert office.wait_for_calls(earlier + sent) == earlier + sent
    assert invariants.calls_in_audit(office.snapshot()).total() == earlier + written


def settle(office: ServedOffice) -> None:
    """Let ``manage.py settle`` look until all has settled, three times at most."""
    for _look in range(3):
        office.forward(PAST_ALL_LANDINGS)
        assert office.server.manage("settle") == 0
        if invariants.settled(office.snapshot()) == []:
            return


def check_settled(office: ServedOffice) -> None:
    now = office.snapshot()
    assert invariants.register(now, office.live, office.mine) == []
    assert invariants.settled(now) == []
    assert invariants.audit(now) == []
    assert invariants.calls_in_audit(now).total() >= office.calls().total()
    assert office.wrong_pages(is_idle=True) == []


def check_no_secrets_on_board(office: ServedOffice) -> None:
    board = office.page("/")
    hidden = {hold["reservation_uid"] for hold in office.snapshot()["holds"]} | {"cal_owner"}
    assert [secret for secret in hidden if secret and secret in board] == []


def check_nothing_is_left(office: ServedOffice) -> None:
    office.forward(PAST_ALL_HOLDS)
    assert office.server.manage("settle") == 0
    now = office.snapshot()
    assert office.live == []
    assert invariants.all_ended(now) == []
    assert invariants.audit(now) == []


def name_of(case: object) -> str:
    return str(getattr(case, "name", case))


@pytest.mark.parametrize(("action", "moment"), KILLS, ids=name_of)
def test_nothing_is_lost_by_a_kill(
    office: ServedOffice, action: StaffAction, moment: Moment
) -> None:
    kill(action, moment, office)

    office.kill_no_more()
    office.serve()
    assert office.wrong_pages(is_idle=False) == []
    settle(office)

    check_settled(office)
    check_no_secrets_on_board(office)
    check_nothing_is_left(office)


@pytest.mark.parametrize(("action", "first", "second"), KILLS_OF_SETTLE, ids=name_of)
def test_nothing_is_lost_by_a_kill_of_settle(
    office: ServedOffice, action: StaffAction, first: Moment, second: Moment
) -> None:
    kill(action, first, office)
    office.kill_no_more()
    office.serve()
    office.forward(PAST_ALL_LANDINGS)

    office.kill_at(second)
    assert office.server.manage("settle") == KILLED
    office.kill_no_more()
    assert office.wrong_pages(is_idle=False) == []
    settle(office)

    check_settled(office)
    check_nothing_is_left(office)


def test_kills_cover_each_moment(record_property: Callable[[str, object], None]) -> None:
    moments = {moment.at for _action, moment in KILLS}
    of_settle = {second.at for _action, _first, second in KILLS_OF_SETTLE}

    assert moments == {"arrival", "before", "sent", "answered", "departure"}
    assert of_settle == {"before", "sent", "answered"}
    record_property("summary", f"{len(KILLS)} kills of a server, {len(KILLS_OF_SETTLE)} of settle")
