"""Recorded conversations with cal.com, and the call that stands for each request."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

WIRE = Path(__file__).parent.parent / "wire"
# All files, with their number of lines.
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
    """One line: a request, and the answer of the real server."""

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

    def received(self) -> httpx.Response:
        """Return the response as a client receives it."""
        headers = {
            name: value
            for name, value in self.response["headers"].items()
            if name not in {"Connection", "Keep-Alive"}
        }
        return httpx.Response(self.status, headers=headers, content=self.body.encode())

    def call(self) -> tuple[str, dict[str, Any]]:
        """Return the endpoint that reads such an answer, and its keywords.

        Routes that Holdfast does not use (bookings, me, teams) are read by the endpoint that sends
        the same HTTP method.
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
        """Return the keywords of the body; where they have other types, those of the answer."""
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
    """Return all recorded lines in order."""
    return [line for file in FILES for line in lines_of(file)]


def lines_of(file: str) -> list[Recorded]:
    """Return the lines of one file."""
    text = (WIRE / f"{file}.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(row) for row in text.splitlines()]
    return [Recorded(file, row["name"], row["request"], row["response"]) for row in rows]


def _moment(text: object) -> datetime | None:
    """Read a moment; without an offset cal.com takes it for UTC."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
