"""The stand-in as one thing: two ports, their threads, and a handle for tests beside them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from dashboard.sandbox import control
from dashboard.sandbox.application import Application
from dashboard.sandbox.clock import Clock
from dashboard.sandbox.fault_injection import Trouble, route_of
from dashboard.sandbox.faults import Faults
from dashboard.sandbox.fixtures import Booking, EventType, Hold, World
from dashboard.sandbox.listener import Listener, check_loopback
from dashboard.sandbox.message import Reply, Request, Response
from dashboard.sandbox.state import DEFAULT_MINUTES, State, until
from dashboard.sandbox.storage import StateFile

_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A call that came. ``route`` is a template or None, ``status`` None without an answer."""

    at: datetime
    method: str
    route: str | None
    status: int | None
    request: Request


class Sandbox:
    """A cal.com of one's own on loopback.

    It listens from ``start`` on, at ``url``; ``control_url`` is its back door. Port 0 takes a free
    one. With ``state_path`` holds and changed bookings survive a restart. Raises ValueError for a
    host that is not loopback, OSError for a port in use.
    """

    def __init__(
        self,
        world: World,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int = 0,
        clock: Clock | None = None,
        state_path: Path | str | None = None,
    ) -> None:
        check_loopback(host)
        self._ports = (host, port, control_port)
        self.clock = clock or Clock()
        self.faults = Faults()
        self._state = State(world, StateFile(Path(state_path)) if state_path else None)
        self._application = Application(self._state, self.clock)
        self._trouble = Trouble(self._application, self.faults)
        self._seen: deque[SeenCall] = deque(maxlen=_REMEMBERED)
        self._listeners: list[Listener] = []

    # life

    def start(self) -> Sandbox:
        """Open both ports and answer. A start after ``stop`` keeps the rows and the ports."""
        host, port, control_port = self._ports
        api = Listener(host, port, self._reply, name="sandbox")
        self._listeners.append(api)
        try:
            self._listeners.append(Listener(host, control_port, self._control, name="control"))
        except OSError:
            self.stop()
            raise
        self._ports = (host, api.port, self._listeners[1].port)
        for listener in self._listeners:
            listener.start()
        return self

    def stop(self) -> None:
        """Close the ports and every connection. What happened so far stays to be looked at."""
        self.faults.clear()
        while self._listeners:
            self._listeners.pop().stop()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Base URL of cal.com's API, without a slash at its end."""
        return self._listeners[0].url

    @property
    def control_url(self) -> str:
        return self._listeners[1].url + "/control"

    # what there is

    @property
    def world(self) -> World:
        return self._state.world

    def rows(self) -> list[Hold]:
        """Every reservation that exists, expired ones included until they are purged."""
        return self._state.holds()

    def live_rows(self) -> list[Hold]:
        """Those that still keep their time from others."""
        now = self.clock.now()
        return [row for row in self._state.holds() if row.is_live(now)]

    def bookings(self) -> list[Booking]:
        return self._state.bookings()

    def event_type(self, number: int) -> EventType:
        """Raises KeyError if there is none."""
        found = self._state.event_type(number)
        if found is None:
            raise KeyError(number)
        return found

    def calls(self, method: str | None = None, route: str | None = None) -> list[SeenCall]:
        """What was asked of the API, oldest first, the last 10 000 at most."""
        return [
            seen
            for seen in list(self._seen)
            if method in {None, seen.method} and route in {None, seen.route}
        ]

    def forget_calls(self) -> None:
        self._seen.clear()

    # what can be changed aside

    @property
    def pause(self) -> float:
        """Seconds between cal.com's check and its write, where parallel calls win together."""
        return self._application.pause

    @pause.setter
    def pause(self, seconds: float) -> None:
        self._application.pause = seconds

    def set_limit(self, key: str, limit: int) -> None:
        """Calls a minute of a key, from a new window on."""
        self._application.limits[f"key {key}"] = limit

    def insert_hold(
        self,
        event_type_id: int,
        slot_start: datetime,
        *,
        minutes: int = DEFAULT_MINUTES,
        slot_duration: int | None = None,
        uid: str | None = None,
        is_seat: bool | None = None,
    ) -> Hold:
        """A stranger's hold, whatever it overlaps. Raises KeyError for an unknown event type."""
        kind = self.event_type(event_type_id)
        start = slot_start.astimezone(UTC)
        length = kind.length if slot_duration is None else slot_duration
        return self._state.insert(
            event_type=kind,
            user_id=kind.people[0],
            start=start,
            end=start + timedelta(minutes=length),
            release_at=until(self.clock.now(), minutes),
            is_seat=is_seat,
            uid=uid,
        )

    def remove_holds(self, uid: str | None = None) -> int:
        """Those with that uid, or all; says how many they were."""
        return self._state.delete(lambda row: uid in {None, row.uid})

    def add_booking(self, booking: Booking) -> None:
        """Also in place of one with the same uid."""
        self._state.put_booking(booking)

    def remove_booking(self, uid: str) -> bool:
        return self._state.remove_booking(uid)

    def change_event_type(self, number: int, **changes: Any) -> None:
        """Set fields of ``EventType``. Raises KeyError if there is none with that number."""
        self._state.change_event_type(number, **changes)

    def use_uids(self, uids: list[str]) -> None:
        """Give these to the next holds, so that a recorded conversation can be replayed."""
        self._state.use_uids(uids)

    def reset(self) -> None:
        """Rows, faults, clock, limits, cache and seen calls as at the beginning."""
        self.faults.clear()
        self.clock.reset()
        self._application.limits.clear()
        self._application.limiter.forget()
        self._application.cache.forget()
        self.pause = 0.0
        self._state.reset()
        self.forget_calls()

    # answering

    def _reply(self, request: Request) -> Reply:
        at = self.clock.now()
        route = route_of(request)
        reply = self._trouble.reply(request, route)
        status = reply.status if isinstance(reply, Response) else None
        self._seen.append(SeenCall(at, request.method, route, status, request))
        return reply

    def _control(self, request: Request) -> Response:
        return control.answer(self, request)
