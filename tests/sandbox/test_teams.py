"""Lists of people and teams: who sees what, and who may hold for longer than five minutes."""

from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from dashboard.sandbox import Sandbox, demo_world
from tests.sandbox.api import OWNER, RESERVATIONS, client
from tests.waiting import PATIENCE

LISTS = {"cal-api-version": "2024-06-14"}
STRANGER = {"Authorization": "Bearer cal_stranger0123456789"}
FIRST, OF_A_STRANGER, NEXT_DOCTOR = 1010, 1120, 1201


@pytest.fixture(scope="module")
def practice() -> Iterator[Sandbox]:
    with Sandbox(demo_world(date(2026, 12, 28)), has_teams=True) as sandbox:
        yield sandbox


@pytest.fixture
def owner(practice: Sandbox) -> Iterator[httpx.Client]:
    practice.reset()
    with client(practice) as caller:
        yield caller


def ids(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["data"]]


def test_list_of_another_person_lacks_hidden_event_types(owner: httpx.Client) -> None:
    found = owner.get("/v2/event-types?username=marek.dvorak", headers=LISTS)
    assert ids(found) == [1060, 1061]
    assert found.json()["data"][0]["users"][0]["name"] == "Marek Dvořák"
    assert ids(owner.get("/v2/event-types?username=unknown.person", headers=LISTS)) == []


def test_event_type_of_another_person_is_not_read_by_its_id(owner: httpx.Client) -> None:
    assert owner.get(f"/v2/event-types/{FIRST}", headers=LISTS).status_code == 404
    assert owner.get(f"/v2/event-types/{NEXT_DOCTOR}", headers=LISTS).status_code == 200


def test_teams_are_those_of_the_caller(practice: Sandbox, owner: httpx.Client) -> None:
    assert ids(owner.get("/v2/teams")) == [1, 10, 11]
    assert ids(owner.get("/v2/teams", headers=STRANGER)) == []
    assert httpx.get(f"{practice.url}/v2/teams", timeout=PATIENCE).status_code == 401


def test_event_types_of_a_team_are_listed_to_anyone(practice: Sandbox) -> None:
    url = f"{practice.url}/v2/teams"
    assert ids(httpx.get(f"{url}/10/event-types", timeout=PATIENCE))[0] == NEXT_DOCTOR
    assert ids(httpx.get(f"{url}/99/event-types", timeout=PATIENCE)) == []
    assert httpx.get(f"{url}/x/event-types", timeout=PATIENCE).status_code == 400


def test_routes_of_teams_can_be_switched_off(practice: Sandbox, owner: httpx.Client) -> None:
    httpx.post(f"{practice.control_url}/teams", json={"there": False}, timeout=PATIENCE)
    for path in ("/v2/teams", "/v2/teams/10/event-types"):
        assert owner.get(path).json()["error"]["message"] == f"Cannot GET {path}"
    httpx.post(f"{practice.control_url}/teams", json={"there": True}, timeout=PATIENCE)
    assert ids(owner.get("/v2/teams")) == [1, 10, 11]


@pytest.mark.parametrize(
    ("event_type", "credentials", "status"),
    [
        (FIRST, OWNER, 201),
        (NEXT_DOCTOR, OWNER, 201),
        (OF_A_STRANGER, OWNER, 403),
        (FIRST, OWNER | STRANGER, 403),
        (NEXT_DOCTOR, OWNER | STRANGER, 403),
    ],
)
def test_only_team_mates_hold_for_longer(
    owner: httpx.Client, event_type: int, credentials: dict[str, str], status: int
) -> None:
    body = {"eventTypeId": event_type, "slotStart": "2027-01-12T11:00:00Z"}
    longer = body | {"reservationDuration": 15}
    assert owner.post(RESERVATIONS, json=longer, headers=credentials).status_code == status
    if status == 403:
        assert owner.post(RESERVATIONS, json=body, headers=credentials).status_code == 201
