"""The control route: what it does, and which callers it refuses."""

import shlex
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import pytest

from dashboard.sandbox import Sandbox
from dashboard.sandbox.control import delay_command
from tests.sandbox.api import RESERVATIONS, body, client, hold
from tests.waiting import PATIENCE


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.control_url, timeout=PATIENCE, verify=False) as caller:
        yield caller


def test_rows_lists_live_and_expired_rows(sandbox: Sandbox, control: httpx.Client) -> None:
    with client(sandbox) as caller:
        live = hold(caller, "11T09:00", reservationDuration=30)
        expired = hold(caller, "11T11:00", reservationDuration=-30)
    rows = control.get("/rows").json()["rows"]
    assert [(row["uid"], row["isLive"]) for row in rows] == [(live, True), (expired, False)]
    assert rows[0]["slotStart"] == "2027-01-11T09:00:00.000Z"


def test_faults_are_added_listed_and_cleared(sandbox: Sandbox, control: httpx.Client) -> None:
    made = control.post("/faults", json={"kind": "500", "method": "GET", "count": 2})
    with client(sandbox) as caller:
        assert caller.get(f"{RESERVATIONS}/x").status_code == 500
    (fault,) = control.get("/faults").json()["faults"]
    assert (fault["id"], fault["kind"], fault["hits"]) == (made.json()["id"], "500", 1)
    assert control.delete(f"/faults/{fault['id']}").json() == {"faults": []}


def test_clock_is_stopped_shifted_and_reset(sandbox: Sandbox, control: httpx.Client) -> None:
    told = control.post("/clock", json={"stop": "2027-01-11T09:00:00Z"})
    assert told.json() == {"now": "2027-01-11T09:00:00.000Z"}
    control.post("/clock", json={"shift": 61.5})
    assert control.get("/clock").json() == {"now": "2027-01-11T09:01:01.500Z"}
    before = datetime.now(UTC).replace(microsecond=0)
    control.post("/clock", json={"reset": True})
    assert before <= sandbox.clock.now() <= datetime.now(UTC)


def test_holds_and_bookings_are_made_and_removed(sandbox: Sandbox, control: httpx.Client) -> None:
    wish = {"eventTypeId": 1, "slotStart": "2027-01-11T09:00:00Z", "minutes": 30}
    made = control.post("/holds", json=wish).json()
    booking = {"eventType": 1, "start": "2027-01-11T11:00:00+01:00", "uid": "bk-x"}
    assert control.post("/bookings", json=booking).json()["end"] == "2027-01-11T11:00:00.000Z"
    with client(sandbox) as caller:
        refused = [
            caller.post(RESERVATIONS, json=body(start)).json()["error"]["message"]
            for start in ("11T09:00", "11T10:00")
        ]
    assert "already reserved" in refused[0]
    assert "already booked" in refused[1]
    assert control.delete("/bookings/bk-x").json() == {"removed": True}
    assert control.delete(f"/holds/{made['uid']}").json() == {"removed": 1}
    assert sandbox.rows() == []


def test_reset_undoes_limit_and_faults(sandbox: Sandbox, control: httpx.Client) -> None:
    control.post("/limit", json={"key": "cal_ownerfast0123456789", "limit": 1})
    control.post("/faults", json={"kind": "500", "method": "PUT"})
    with client(sandbox) as caller:
        hold(caller, "11T09:00")
        assert caller.get(f"{RESERVATIONS}/x").status_code == 429
    control.post("/reset")
    with client(sandbox) as caller:
        assert caller.get(f"{RESERVATIONS}/x").status_code == 200
    assert (sandbox.rows(), sandbox.faults.all()) == ([], [])


def test_calls_are_listed_without_uids(sandbox: Sandbox, control: httpx.Client) -> None:
    with client(sandbox) as caller:
        uid = hold(caller, "11T09:00")
        caller.get(f"{RESERVATIONS}/{uid}")
    calls = control.get("/calls")
    assert [(call["method"], call["route"], call["status"]) for call in calls.json()["calls"]] == [
        ("POST", "/v2/slots/reservations", 201),
        ("GET", "/v2/slots/reservations/{uid}", 200),
    ]
    assert uid not in calls.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "rebound.example"},
        {"Host": "192.0.2.7:5556"},
        {"Host": ""},
    ],
)
def test_browsers_and_other_host_names_are_refused(
    sandbox: Sandbox, control: httpx.Client, headers: dict[str, str]
) -> None:
    with client(sandbox) as caller:
        hold(caller, "11T09:00")
    assert control.post("/reset", headers=headers).status_code == 403
    assert control.get("/rows", headers=headers).status_code == 403
    assert len(sandbox.rows()) == 1


def test_a_person_who_opens_it_in_a_browser_reads_what_to_do(control: httpx.Client) -> None:
    told = control.get("/", headers={"Sec-Fetch-Site": "none"}).json()["error"]
    assert told.endswith(f" curl {str(control.base_url).removesuffix('/')}")


def test_the_command_that_the_demo_prints_adds_a_fault(
    sandbox: Sandbox, control: httpx.Client
) -> None:
    curl, _, header, _, body, url = shlex.split(delay_command(sandbox.control_url))
    name, _, value = header.partition(": ")
    sent = control.post(url, content=body, headers={name: value})
    (fault,) = sandbox.faults.all()
    assert (curl, sent.status_code) == ("curl", 200)
    assert (fault.kind, fault.count, fault.seconds) == ("delay", 3, 10)


def test_body_must_be_declared_as_json(control: httpx.Client) -> None:
    sent = control.post("/clock", content='{"shift": 9}', headers={"Content-Type": "text/plain"})
    assert sent.status_code == 415


@pytest.mark.parametrize("address", ["url", "control_url"])
def test_both_ports_listen_on_loopback_only(sandbox: Sandbox, address: str) -> None:
    port = urlsplit(getattr(sandbox, address)).port or 0
    with socket.create_connection(("127.0.0.1", port)):
        pass
    with pytest.raises(ConnectionRefusedError):  # a socket on all addresses would answer
        socket.create_connection(("127.0.0.2", port))


def test_control_and_api_are_separate_ports(sandbox: Sandbox, control: httpx.Client) -> None:
    assert urlsplit(sandbox.url).port != urlsplit(sandbox.control_url).port
    assert control.get("/rows").headers["Server"] == "holdfast-sandbox-control"
    with client(sandbox) as caller:
        missing = caller.get("/control/rows")
        assert missing.json()["error"]["message"] == "Cannot GET /control/rows"
    assert control.get(RESERVATIONS).status_code == 404
    wrong = sandbox.control_url.removesuffix("/control") + RESERVATIONS
    assert httpx.get(wrong, timeout=PATIENCE).status_code == 404


@pytest.mark.parametrize("content", ["[]", "{", '{"kind": "flood"}', '{"kind": "500", "x": 1}'])
def test_invalid_fault_is_refused(sandbox: Sandbox, control: httpx.Client, content: str) -> None:
    headers = {"Content-Type": "application/json"}
    assert control.post("/faults", content=content, headers=headers).status_code == 400
    assert sandbox.faults.all() == []
