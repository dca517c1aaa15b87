"""A client with the owner's key, request bodies and moments."""

from datetime import UTC, datetime
from typing import Any

import httpx

from dashboard.sandbox import Sandbox
from tests.waiting import PATIENCE

RESERVATIONS = "/v2/slots/reservations"
ONE = "/v2/slots/reservations/{uid}"
MONDAY = datetime(2027, 1, 11, tzinfo=UTC)

OWNER = {"Authorization": "Bearer cal_ownerfast0123456789", "cal-api-version": "2024-09-04"}


def client(sandbox: Sandbox) -> httpx.Client:
    return httpx.Client(base_url=sandbox.url, headers=OWNER, timeout=PATIENCE, verify=False)


def body(start: str, event_type: int = 1, **more: Any) -> dict[str, Any]:
    """Return the body for a slot in January 2027, given as ``11T09:00``."""
    return {"eventTypeId": event_type, "slotStart": f"2027-01-{start}:00Z"} | more


def hold(caller: httpx.Client, start: str, event_type: int = 1, **more: Any) -> str:
    """Reserve a slot and return the uid."""
    answer = caller.post(RESERVATIONS, json=body(start, event_type, **more))
    assert answer.status_code == 201, answer.text
    uid: str = answer.json()["data"]["reservationUid"]
    return uid


def starts(caller: httpx.Client, day: str, event_type: int = 1, **more: Any) -> list[str]:
    """Return hours and minutes of the free times listed for one day."""
    query = {"eventTypeId": event_type, "start": day, "end": day} | more
    answer = caller.get("/v2/slots", params=query)
    assert answer.status_code == 200, answer.text
    return [slot["start"][11:16] for slots in answer.json()["data"].values() for slot in slots]
