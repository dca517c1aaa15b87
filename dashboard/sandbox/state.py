"""What changes: holds, bookings and event types; kept in the state file if there is one.

Single changes are guarded, sequences are not: cal.com checks and then inserts without a lock
(https://github.com/calcom/cal.diy/blob/main/apps/api/v2/src/modules/slots/slots-2024-09-04/services/slots.service.ts),
and so does the stand-in.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dashboard.sandbox import iso
from dashboard.sandbox.fixtures import Booking, EventType, Hold, World, bookings_from
from dashboard.sandbox.storage import StateFile

DEFAULT_MINUTES = 5


class State:
    """The rows of one stand-in."""

    def __init__(self, world: World, file: StateFile | None = None) -> None:
        self.world = world
        self._given_uids: deque[str] = deque()
        self._file = file
        self._lock = threading.RLock()
        self._begin()
        saved = file.load() if file else None
        if saved:
            self._restore(saved)

    def reset(self) -> None:
        """Back to the world's own start."""
        with self._lock:
            self._begin()
            self._save()

    # holds

    def holds(self) -> list[Hold]:
        """All rows there are, the expired ones that nobody purged included."""
        with self._lock:
            return list(self._holds.values())

    def hold(self, uid: str) -> Hold | None:
        return next((row for row in self.holds() if row.uid == uid), None)

    def insert(
        self,
        *,
        event_type: EventType,
        user_id: int,
        start: datetime,
        end: datetime,
        release_at: datetime,
        is_seat: bool | None = None,
        uid: str | None = None,
    ) -> Hold:
        """A new row, whatever it overlaps."""
        with self._lock:
            self._last_id += 1
            row = Hold(
                id=self._last_id,
                uid=uid or self._new_uid(),
                event_type_id=event_type.id,
                user_id=user_id,
                start=start,
                end=end,
                release_at=release_at,
                is_seat=event_type.seats is not None if is_seat is None else is_seat,
            )
            self._holds[row.id] = row
            self._save()
            return row

    def update(
        self, row: Hold, *, event_type_id: int, start: datetime, end: datetime, release_at: datetime
    ) -> Hold | None:
        """Whose time it takes and whether it is a seat stay as they were. None if it is gone."""
        with self._lock:
            if row.id not in self._holds:
                return None
            changed = replace(
                self._holds[row.id],
                event_type_id=event_type_id,
                start=start,
                end=end,
                release_at=release_at,
            )
            self._holds[row.id] = changed
            self._save()
            return changed

    def delete(self, chosen: Callable[[Hold], bool]) -> int:
        """Remove the rows chosen and say how many they were."""
        with self._lock:
            gone = [row.id for row in self._holds.values() if chosen(row)]
            for number in gone:
                del self._holds[number]
            if gone:
                self._save()
            return len(gone)

    # bookings

    def bookings(self) -> list[Booking]:
        with self._lock:
            return list(self._bookings.values())

    def put_booking(self, booking: Booking) -> None:
        """Add it, or replace the one with its uid."""
        with self._lock:
            self._bookings[booking.uid] = booking
            self._save()

    def remove_booking(self, uid: str) -> bool:
        with self._lock:
            known = self._bookings.pop(uid, None) is not None
            self._save()
            return known

    # event types

    def event_types(self) -> list[EventType]:
        with self._lock:
            return list(self._event_types.values())

    def event_type(self, number: int) -> EventType | None:
        return self._event_types.get(number)

    def change_event_type(self, number: int, **changes: Any) -> None:
        """Set fields of one, until the next start. Raises KeyError if there is none."""
        with self._lock:
            self._event_types[number] = replace(self._event_types[number], **changes)

    def use_uids(self, uids: Iterable[str]) -> None:
        """Take these for the next holds instead of random ones, and forget those given before."""
        self._given_uids = deque(uids)

    def _new_uid(self) -> str:
        return self._given_uids.popleft() if self._given_uids else str(uuid.uuid4())

    # memory

    def _begin(self) -> None:
        self._last_id = 0
        self._holds: dict[int, Hold] = {}
        self._bookings = {booking.uid: booking for booking in self.world.bookings}
        self._event_types = {kind.id: kind for kind in self.world.event_types}

    def _save(self) -> None:
        if self._file is None:
            return
        own = {booking.uid: booking for booking in self.world.bookings}
        self._file.save(
            {
                "holds": [_plain_hold(row) for row in self._holds.values()],
                "lastId": self._last_id,
                "bookings": [
                    plain_booking(booking)
                    for booking in self._bookings.values()
                    if own.get(booking.uid) != booking
                ],
                "removedBookings": [uid for uid in own if uid not in self._bookings],
            }
        )

    def _restore(self, saved: dict[str, Any]) -> None:
        self._last_id = saved["lastId"]
        self._holds = {raw["id"]: _hold(raw) for raw in saved["holds"]}
        self._bookings |= {booking.uid: booking for booking in bookings_from(saved["bookings"])}
        for uid in saved["removedBookings"]:
            self._bookings.pop(uid, None)


def until(now: datetime, minutes: int) -> datetime:
    """When a hold of so many minutes ends. Raises OverflowError beyond the calendar."""
    return now + timedelta(minutes=minutes)


def plain_booking(booking: Booking) -> dict[str, Any]:
    """A booking as the state file and the control route write it."""
    return {
        "uid": booking.uid,
        "eventType": booking.event_type,
        "start": iso.text(booking.start),
        "end": iso.text(booking.end),
        "status": booking.status,
        "attendees": booking.attendees,
    }


def _plain_hold(row: Hold) -> dict[str, Any]:
    return {
        "id": row.id,
        "uid": row.uid,
        "eventTypeId": row.event_type_id,
        "userId": row.user_id,
        "start": row.start.isoformat(),
        "end": row.end.isoformat(),
        "releaseAt": row.release_at.isoformat(),
        "isSeat": row.is_seat,
    }


def _hold(raw: dict[str, Any]) -> Hold:
    return Hold(
        id=raw["id"],
        uid=raw["uid"],
        event_type_id=raw["eventTypeId"],
        user_id=raw["userId"],
        start=datetime.fromisoformat(raw["start"]),
        end=datetime.fromisoformat(raw["end"]),
        release_at=datetime.fromisoformat(raw["releaseAt"]),
        is_seat=raw["isSeat"],
    )
