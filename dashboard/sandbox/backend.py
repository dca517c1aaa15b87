"""State of a sandbox behind its ports, which tests read and change.

Single writes are locked, sequences of a check and a write are not, as at cal.com:
https://github.com/calcom/cal.diy/blob/main/apps/api/v2/src/modules/slots/slots-2024-09-04/services/slots.service.ts
"""

import json
import os
import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dashboard.sandbox import fixtures
from dashboard.sandbox.dates import Clock
from dashboard.sandbox.faults import Faults
from dashboard.sandbox.fixtures import DEFAULT_MINUTES, Booking, Reservation, World
from dashboard.sandbox.guards import RateLimiter
from dashboard.sandbox.race import Race

REMEMBERED_CALLS = 10_000


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A call that was made; ``route`` is a template or None, ``status`` None without an answer."""

    at: datetime
    method: str
    route: str | None
    status: int | None


class Backend:
    """The rows, clock, limits and faults of one sandbox, shared by its threads.

    With ``state_path`` reservations and changed bookings survive a restart. The open server has no
    routes for teams; ``has_teams`` can be switched while it runs.
    """

    def __init__(
        self, world: World, *, state_path: Path | str | None = None, has_teams: bool = False
    ) -> None:
        self.world = world
        self.has_teams = has_teams
        self._lock = threading.RLock()
        self._path = Path(state_path) if state_path else None
        self._start()
        if self._path is not None and self._path.exists():
            self._load(json.loads(self._path.read_text(encoding="utf-8")))

    # Reservations. ``rows`` has the expired ones too, until they are purged.

    def rows(self) -> list[Reservation]:
        with self._lock:
            return list(self._reservations.values())

    def live_rows(self) -> list[Reservation]:
        now = self.clock.now()
        return [row for row in self.rows() if row.is_live(now)]

    def find_reservation(self, uid: str) -> Reservation | None:
        return next((row for row in self.rows() if row.uid == uid), None)

    def insert_reservation(
        self,
        event_type_id: int,
        slot_start: datetime,
        *,
        minutes: int = DEFAULT_MINUTES,
        slot_duration: int | None = None,
        uid: str | None = None,
    ) -> Reservation:
        """Insert a reservation for the event type's first host, whatever it overlaps.

        Raises KeyError for an unknown event type, OverflowError beyond the calendar.
        """
        event_type = self.event_types[event_type_id]
        start = slot_start.astimezone(UTC)
        end = event_type.end_of(start, slot_duration)
        release_at = self.clock.now() + timedelta(minutes=minutes)
        with self._lock:
            self._last_id += 1
            row = Reservation(
                id=self._last_id,
                uid=uid or (self._next_uids.popleft() if self._next_uids else str(uuid.uuid4())),
                event_type_id=event_type.id,
                user_id=event_type.people[0],
                start=start,
                end=end,
                release_at=release_at,
                is_seat=event_type.seats is not None,
            )
            self._reservations[row.id] = row
            self._save()
        return row

    def update_reservation(self, row: Reservation, **changes: Any) -> Reservation | None:
        """Set fields of a reservation. Return the new row, None if it was removed meanwhile."""
        with self._lock:
            if row.id not in self._reservations:
                return None
            changed = replace(self._reservations[row.id], **changes)
            self._reservations[row.id] = changed
            self._save()
        return changed

    def remove_reservations(self, uid: str | None = None) -> int:
        """Remove the reservations with a uid, or all, and return their number."""
        return self.remove_where(lambda row: uid in {None, row.uid})

    def remove_where(self, is_chosen: Callable[[Reservation], bool]) -> int:
        with self._lock:
            chosen = [row.id for row in self._reservations.values() if is_chosen(row)]
            for number in chosen:
                del self._reservations[number]
            if chosen:
                self._save()
        return len(chosen)

    def use_uids(self, uids: list[str]) -> None:
        """Give these uids to the next ones, so that recorded conversations can be replayed."""
        self._next_uids = deque(uids)

    # Bookings and event types

    def bookings(self) -> list[Booking]:
        with self._lock:
            return list(self._bookings.values())

    def add_booking(self, booking: Booking) -> None:
        """Add a booking or replace the one with its uid."""
        with self._lock:
            self._bookings[booking.uid] = booking
            self._save()

    def remove_booking(self, uid: str) -> bool:
        """Remove a booking and return whether it existed."""
        with self._lock:
            existed = self._bookings.pop(uid, None) is not None
            self._save()
        return existed

    def change_event_type(self, number: int, **changes: Any) -> None:
        """Set fields of an event type until the next reset. Raises KeyError for an unknown one."""
        self.event_types[number] = replace(self.event_types[number], **changes)

    # Calls

    def calls(self, method: str | None = None, route: str | None = None) -> list[SeenCall]:
        """Return the calls to the API, oldest first, 10 000 at most."""
        return [
            seen
            for seen in self.seen_calls.copy()
            if method in {None, seen.method} and route in {None, seen.route}
        ]

    def forget_calls(self) -> None:
        self.seen_calls.clear()

    def set_limit(self, key: str, limit: int) -> None:
        self.rate_limiter.set_limit(key, limit)

    def reset(self) -> None:
        """Return rows, faults, clock, limits, cache and seen calls to the beginning."""
        self.faults.clear()
        with self._lock:
            self._start()
            self._save()

    def _start(self) -> None:
        self.clock = Clock()
        self.faults = Faults()
        self.rate_limiter = RateLimiter()
        self.slot_cache: dict[object, tuple[datetime, Any]] = {}
        self.seen_calls: deque[SeenCall] = deque(maxlen=REMEMBERED_CALLS)
        self.event_types = {each.id: each for each in self.world.event_types}
        self.races = {number: Race() for number in self.event_types}
        self._bookings = {each.uid: each for each in self.world.bookings}
        self._reservations: dict[int, Reservation] = {}
        self._last_id = 0
        self._next_uids = deque[str]()

    def _load(self, saved: dict[str, Any]) -> None:
        self._reservations = {raw["id"]: fixtures.read_reservation(raw) for raw in saved["holds"]}
        self._last_id = saved["lastId"]
        self._bookings |= {raw["uid"]: fixtures.read_booking(raw) for raw in saved["bookings"]}
        for uid in saved["removedBookings"]:
            self._bookings.pop(uid, None)

    def _save(self) -> None:
        """Replace the state file as a whole, so that a kill leaves the old one or the new one."""
        if self._path is None:
            return
        initial = {each.uid: each for each in self.world.bookings}
        changed = [each for each in self._bookings.values() if initial.get(each.uid) != each]
        content = {
            "holds": [fixtures.write_reservation(row) for row in self._reservations.values()],
            "lastId": self._last_id,
            "bookings": [fixtures.write_booking(booking) for booking in changed],
            "removedBookings": [uid for uid in initial if uid not in self._bookings],
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(self._path.name + ".new")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(content, file, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
