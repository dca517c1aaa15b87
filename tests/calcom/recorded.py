"""The recorded conversations, and the call of ours that stands for each request."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

WIRE = Path(__file__).parent.parent / "wire"
# All of them, with their number of lines: one that is gone or cut short fails.
FILES = {
    "01-post": 31,
    "02-patch": 33,
    "03-get": 17,
    "04-delete": 8,
    "05-validation": 72,
    "06-version": 13,
    "07-auth": 33,
    "08-422": 15,
    "09-429": 14,
    "10-slots": 66,
    "10b-seated-leak": 4,
    "11-event-types-me": 23,
    "12-bookings": 49,
    "12b-get-bookings": 30,
}
RESERVATIONS = "/v2/slots/reservations"
WHENEVER = {
    "start": datetime(2000, 1, 1, tzinfo=UTC),
    "end": datetime(2100, 1, 1, tzinfo=UTC),
}


@dataclass(frozen=True)
class Recorded:
    """One line: what was asked, and what the real server answered."""

    file: str
    name: str
    request: dict[str, Any]
    response: dict[str, Any]

    @property
    def status(self) -> int:
        return int(self.response["status"])

    @property
    def body(self) -> str:
        return self.response["body"] or ""

    @property
    def data(self) -> Any:
        return json.loads(self.body).get("data")

    @property
    def key(self) -> str:
        words = (self.request["headers"].get("Authorization") or "").split()
        return words[-1] if words else "cal_none"

    def transport(self) -> httpx.MockTransport:
        """The server, with this answer for everything."""
        headers = {
            name: value
            for name, value in self.response["headers"].items()
            if name not in {"Connection", "Keep-Alive"}
        }
        return httpx.MockTransport(
            lambda _: httpx.Response(self.status, headers=headers, content=self.body.encode())
        )

    def call(self) -> tuple[str, dict[str, Any]]:
        """The method of ours that reads such an answer, and its keywords.

        Routes that are none of ours (bookings, me, teams, a verb that cal.com does not know) are
        read by the method that sends the same HTTP method.
        """
        method, path = self.request["method"], self.request["path"].partition("?")[0]
        path = path.removeprefix("/api").rstrip("/")
        if path == "/v2/slots":
            return "slots", {"event_type_id": 1, **WHENEVER}
        if path == "/v2/event-types":
            return "event_types", {}
        if path.startswith("/v2/event-types/"):
            number = path.rpartition("/")[2]
            return "event_type", {"event_type_id": int(number) if number.isdigit() else 1}
        verb = {"POST": "reserve", "PATCH": "update", "PUT": "update", "DELETE": "delete"}.get(
            method, "get"
        )
        keywords = {} if verb == "reserve" else {"uid": self._uid(path)}
        return verb, keywords | (self._wanted() if verb in {"reserve", "update"} else {})

    def _uid(self, path: str) -> str:
        rest = path.removeprefix(RESERVATIONS).strip("/") if path.startswith(RESERVATIONS) else ""
        uid = unquote(rest)
        return uid if uid.isprintable() and uid else "0a82208a-1111-4222-8333-444455556666"

    def _wanted(self) -> dict[str, Any]:
        """What the body asks for; where it cannot be asked with our types, what was answered."""
        answered = (self.data or {}) if self.status < 300 and self.body else {}
        try:
            asked = json.loads(self.request["body"])
        except (TypeError, ValueError):
            asked = {}
        asked = asked if isinstance(asked, dict) else {}
        number = asked.get("eventTypeId")
        duration = asked.get("slotDuration")
        return {
            "event_type_id": int(number) if isinstance(number, float | int) else 1,
            "slot_start": _moment(asked.get("slotStart"))
            or _moment(answered.get("slotStart"))
            or datetime(2027, 1, 1, tzinfo=UTC),
            "slot_duration": duration if type(duration) is int else None,
        }


def lines() -> list[Recorded]:
    """All recorded lines in their order."""
    return [line for file in FILES for line in lines_of(file)]


def lines_of(file: str) -> list[Recorded]:
    """The lines of one file, which has to be there."""
    text = (WIRE / f"{file}.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(row) for row in text.splitlines()]
    return [Recorded(file, row["name"], row["request"], row["response"]) for row in rows]


def _moment(text: object) -> datetime | None:
    """Without an offset cal.com takes it for UTC."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
