"""The state file: holds and changed bookings of a sandbox in JSON, across restarts."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from dashboard.sandbox.dates import format_date
from dashboard.sandbox.fixtures import Booking, Hold

HOLD_FIELDS = {
    "id": "id",
    "uid": "uid",
    "eventTypeId": "event_type_id",
    "userId": "user_id",
    "start": "start",
    "end": "end",
    "releaseAt": "release_at",
    "isSeat": "is_seat",
}
DATES = {"start", "end", "releaseAt"}


def load(path: Path) -> dict[str, Any] | None:
    """Return what was saved, None where nothing was."""
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def save(path: Path, content: dict[str, Any]) -> None:
    """Replace the file as a whole, so that a kill leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(content, file, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def write_hold(row: Hold) -> dict[str, Any]:
    raw = {key: getattr(row, name) for key, name in HOLD_FIELDS.items()}
    return raw | {key: raw[key].isoformat() for key in DATES}


def read_hold(raw: dict[str, Any]) -> Hold:
    raw = raw | {key: datetime.fromisoformat(raw[key]) for key in DATES}
    return Hold(**{name: raw[key] for key, name in HOLD_FIELDS.items()})


def write_booking(booking: Booking) -> dict[str, Any]:
    return {
        "uid": booking.uid,
        "eventType": booking.event_type,
        "start": format_date(booking.start),
        "end": format_date(booking.end),
        "status": booking.status,
        "attendees": booking.attendees,
    }
