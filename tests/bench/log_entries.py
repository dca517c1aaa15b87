"""Made-up entries of an audit log like that of an office over three years, in any number.

Each story is one hold: placed, sometimes refused first, often extended, at last released or run
out; now and then a person signs in, or fails to. The same number gives the same stories.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

PEOPLE = 20
EVENT_TYPES = 30
SPAN = timedelta(days=3 * 365)
STORIES = 1500  # of a batch
ENTRIES_A_STORY = 5.92  # on average
OFFICE_HOURS = 7, 12  # the first in UTC, and how many
COMMON, RARE, NONE = "reserved", "zeppelin", "nowhere"  # words in messages
COMMON_CLIENT, RARE_CLIENT = "maria", "quirinus"
FIRST_NAMES = ("Maria", "Ada", "Grace", "Edsger", "Li", "Zofia", "Jonas", "Amara", "Noor", "Ivo")
LAST_NAMES = ("Rossi", "King", "Hopper", "Dijkstra", "Wei", "Nowak", "Berg", "Okafor", "Haddad")
REASONS = ("client_hung_up", "chose_another", "mistake")
ONE, ALL = "/v2/slots/reservations/{uid}", "/v2/slots/reservations"
TAKEN: dict[str, Any] = {
    "error_code": "slot_reserved",
    "message": "This time slot is already reserved by another user. Please choose another.",
}
Columns = dict[str, Any]
Hold = tuple[int, str, int, int, datetime]  # id, client, person, event type, when placed


class Office:
    """A source of entries and holds: batch by batch, so that processes can share the work."""

    def __init__(self, entries: int, end: datetime, batch: int) -> None:
        self.random = random.Random(f"{entries}/{batch}")
        self.end, self.number = end, batch * STORIES
        self.stories_in_all = entries / ENTRIES_A_STORY
        self.holds: list[Hold] = []

    def stories(self) -> Iterator[tuple[datetime, str, Columns]]:
        """Yield time, action id and filled columns of each entry, in the order of the log."""
        for _ in range(STORIES):
            self.number += 1
            yield from self.story(min(self.number / self.stories_in_all, 1))

    def story(self, share: float) -> Iterator[tuple[datetime, str, Columns]]:
        at, chance = self.moment(share), self.random.random
        person = int(PEOPLE * chance() ** 2) + 1  # some do much more than others
        event_type = int(EVENT_TYPES * chance() ** 2) + 1
        who = {
            "actor_id": person,
            "actor_name": f"person{person}",
            "address": f"10.0.{person}.{int(chance() * 200)}",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        }
        yield from self.events(at, who)
        asked = {"event_type_id": event_type, "slot_start": stamp(at + timedelta(days=3))}
        if chance() < 0.15:
            yield from self.action(at, "place", who, asked, {}, {}, "refused", **TAKEN)
            at += timedelta(seconds=20)
        client = f"{self.one_of(FIRST_NAMES)} {self.one_of(LAST_NAMES)} {self.number % 997}"
        if self.number % 100_000 == 500:
            client = f"Xanthippe Quirinus {self.number}"
        self.holds.append((self.number, client, person, event_type, at))
        held = {**asked, "state": "held", "held_until": stamp(at + timedelta(minutes=15))}
        yield from self.action(at, "place", who, asked, {}, held, "ok", hold=self.number)
        for _ in range(int(chance() * 2.2)):
            at += timedelta(minutes=4)
            longer = {**held, "held_until": stamp(at + timedelta(minutes=15))}
            yield from self.action(
                at, "extend", who, {"minutes": 15}, held, longer, self.outcome(), True, self.number
            )
            held = longer
        yield from self.end_of(at + timedelta(minutes=5), who, held)

    def end_of(self, at: datetime, who: Columns, held: Columns) -> Iterator[Any]:
        if self.random.random() < 0.5:
            system = {"actor_name": "system"}
            ended = {**held, "state": "expired"}
            yield from self.event(
                at, "expire", system, hold_id=self.number, before=held, after=ended
            )
            return
        ended = {**held, "state": "released"}
        reason: dict[str, Any] = {"reason": self.one_of(REASONS)}
        if self.number % 100_000 == 700:
            reason["message"] = "The zeppelin was full."
        yield from self.action(
            at, "release", who, {}, held, ended, "ok", hold=self.number, **reason
        )

    def events(self, at: datetime, who: Columns) -> Iterator[Any]:
        chance = self.random.random()
        if chance < 0.2:
            yield from self.event(at, "sign_in", who)
        elif chance < 0.21:
            stranger = {"actor_name": who["actor_name"], "address": "203.0.113.9"}
            yield from self.event(at, "sign_in_failed", stranger, "refused", error_code="wrong")
        elif chance < 0.212:
            yield from self.event(at, "person_changed", who, asked={"username": "person7"})

    def event(
        self, at: datetime, action: str, who: Columns, outcome: str = "ok", **more: Any
    ) -> Iterator[Any]:
        yield (
            at,
            self.hexadecimal(),
            {
                **who,
                "kind": "event",
                "action": action,
                "outcome": outcome,
                **self.request(who),
                **more,
            },
        )

    def action(  # noqa: PLR0917 as a sentence
        self,
        at: datetime,
        action: str,
        who: Columns,
        asked: Columns,
        before: Columns,
        after: Columns,
        outcome: str,
        with_step: bool = False,
        hold: int | None = None,
        **more: Any,
    ) -> Iterator[Any]:
        """Yield intent, perhaps a step, and outcome; one in 20,000 never ends."""
        action_id, milliseconds = self.hexadecimal(), int(80 + self.random.expovariate(1 / 120))
        path, method = (ALL, "POST") if action == "place" else (ONE, "PATCH")
        same = {**who, "action": action, **self.request(who)}
        named = {"hold_id": hold} if hold and action != "place" else {}
        yield (
            at,
            action_id,
            {
                **same,
                **named,
                "kind": "intent",
                "asked": asked,
                "before": before,
                "method": method,
                "path": path,
            },
        )
        answered = {
            "answered_method": method,
            "answered_path": path,
            "milliseconds": milliseconds,
            "status": 200 if outcome == "ok" else 409,
            "upstream_request_id": self.hexadecimal(),
        }
        if with_step:
            yield at, action_id, {**same, **named, **answered, "kind": "step", "method": method}
        if self.random.random() < 0.00005:
            return
        yield (
            at + timedelta(milliseconds=milliseconds),
            action_id,
            {
                **same,
                **answered,
                **more,
                "kind": "outcome",
                "outcome": outcome,
                "after": after,
                **({"hold_id": hold} if hold else {}),
            },
        )

    def moment(self, share: float) -> datetime:
        """Return a moment of an office day, this share of the time from its beginning."""
        days = SPAN.days * share
        opening, hours = OFFICE_HOURS
        day = (self.end - SPAN).replace(hour=opening, minute=0) + timedelta(days=int(days))
        return day + timedelta(hours=hours * (days % 1))

    def outcome(self) -> str:
        chance = self.random.random()
        return "unknown" if chance < 0.002 else "unavailable" if chance < 0.01 else "ok"

    def request(self, who: Columns) -> Columns:
        return {"request_id": self.hexadecimal()} if "user_agent" in who else {}

    def one_of(self, choices: tuple[str, ...]) -> str:
        return choices[int(len(choices) * self.random.random())]

    def hexadecimal(self) -> str:
        return f"{self.random.getrandbits(128):032x}"


def hashed(at: datetime, action_id: str, columns: Columns) -> str:
    """Return the hash of an entry as the log makes it; all texts are ASCII, and no number is 0."""
    filled = {name: value for name, value in columns.items() if value}
    filled["at"] = at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    dashed = f"{action_id[:8]}-{action_id[8:12]}-{action_id[12:16]}-{action_id[16:20]}"
    filled["action_id"] = f"{dashed}-{action_id[20:]}"
    form = orjson.dumps(filled, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(form).hexdigest()


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
