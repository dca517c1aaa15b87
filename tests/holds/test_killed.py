"""No kill loses a hold: real processes, real SIGKILL, real HTTP.

A server is killed before its first write, at a call or after its last write; then it is started
again, ``manage.py settle`` runs, and register, audit and pages are compared with the sandbox.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from dashboard.sandbox import Sandbox
from tests.future_dates import world
from tests.holds import invariants
from tests.holds.crash_harness import (
    KILLED,
    Database,
    ForkServer,
    ServedOffice,
    fork_server,
    renewable_database,
)
from tests.holds.fault_cases import KILLS, KILLS_OF_SETTLE, Moment
from tests.holds.office import PAST_ALL_LANDINGS, name_of
from tests.holds.staff_actions import StaffAction
from tests.waiting import wait_for

Laid = tuple[ForkServer, Path, Sandbox, Database]


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laid]:
    """Share a migrated database to copy, a fork server and a sandbox between the tests."""
    folder = tmp_path_factory.mktemp("killed")
    with (
        renewable_database(folder) as database,
        Sandbox(world()) as calcom,
        fork_server(folder, calcom, database) as server,
    ):
        yield server, folder, calcom, database


@pytest.fixture
def office(laid: Laid) -> Iterator[ServedOffice]:
    office = ServedOffice(*laid)
    office.sign_in()
    yield office
    office.close()


def kill(action: StaffAction, moment: Moment, office: ServedOffice) -> None:
    """Act, and check that the server is killed then, with each call written down before it."""
    ids = office.begin(action)
    if action.by != "staff":
        office.sign_in(action.by)
    earlier = office.calls().total()
    office.kill_at(moment)
    with pytest.raises(httpx.TransportError):
        office.send(action.form, ids)
    assert office.exit_code() == KILLED
    written = {"arrival": 0, "departure": len(action.calls)}.get(moment.at, moment.call)
    sent = written - (moment.at == "before")
    wait_for(lambda: office.calls().total() >= earlier + sent)
    assert office.calls().total() == earlier + sent
    assert invariants.calls_in_audit(office.snapshot()).total() == earlier + written


def check_no_secrets_on_board(office: ServedOffice) -> None:
    board = office.page("/")
    hidden = {hold["reservation_uid"] for hold in office.snapshot()["holds"]} | {"cal_owner"}
    assert [secret for secret in hidden if secret and secret in board] == []


@pytest.mark.parametrize(("action", "moment"), KILLS, ids=name_of)
def test_nothing_is_lost_by_a_kill(
    office: ServedOffice, action: StaffAction, moment: Moment
) -> None:
    kill(action, moment, office)

    office.kill_no_more()
    office.serve()
    assert office.wrong_pages(is_idle=False) == []

    office.assert_settles()
    check_no_secrets_on_board(office)
    office.assert_nothing_is_left()


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

    office.assert_settles()
    office.assert_nothing_is_left()


def test_kills_cover_each_moment(record_property: Callable[[str, object], None]) -> None:
    moments = {moment.at for _action, moment in KILLS}
    of_settle = {second.at for _action, _first, second in KILLS_OF_SETTLE}

    assert moments == {"arrival", "before", "sent", "answered", "departure"}
    assert of_settle == {"before", "sent", "answered"}
    record_property("summary", f"{len(KILLS)} kills of a server, {len(KILLS_OF_SETTLE)} of settle")
