"""The recorded conversations and the moment of each exchange.

``Date`` tells it in whole seconds. New holds and refusals tell it to the millisecond in their
bodies, and so do some names. The seconds until the rate window ends change at a fraction of a
second that the window's start gives: they tell on which side of it a call was made. Any other
moment is put shortly before the next known one, or shortly after the last: the recorder did not
wait between calls.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

WIRE = Path(__file__).parent.parent / "wire"

# The files of one line are one conversation, made call by call.
CONVERSATIONS = (
    ("01-post",),
    ("02-patch", "03-get", "04-delete"),
    ("05-validation", "06-version", "07-auth", "08-422"),
    ("09-429",),
    ("10-slots", "10b-seated-leak", "11-event-types-me"),
)
# Moments that follow from several exchanges around them; rate windows begin at most of them.
KNOWN = {
    ("03-get", 11): datetime(2026, 11, 22, 7, 17, 25, 500_000, UTC),
    ("09-429", 0): datetime(2026, 11, 22, 7, 20, 1, 50_000, UTC),
    ("09-429", 10): datetime(2026, 11, 22, 7, 21, 4, 249_000, UTC),
    ("10-slots", 0): datetime(2026, 11, 22, 7, 20, 1, 245_000, UTC),
    ("10-slots", 52): datetime(2026, 11, 22, 7, 20, 10, 670_000, UTC),
    ("10b-seated-leak", 3): datetime(2026, 11, 22, 7, 21, 2, 820_000, UTC),
}
STEP = timedelta(milliseconds=20)  # about what one recorded call took
SECOND = timedelta(seconds=1)
WINDOW = 60  # seconds


@dataclass(slots=True)
class Exchange:
    file: str
    number: int
    name: str
    before: list[str]
    request: dict[str, Any]
    response: dict[str, Any]
    moment: datetime

    @property
    def key(self) -> tuple[str, int]:
        return self.file, self.number

    @property
    def date(self) -> datetime:
        return parsedate_to_datetime(self.response["headers"]["Date"])

    def rate(self, name: str) -> int | None:
        text = self.response["headers"].get(f"X-RateLimit-{name}-Default")
        return None if text is None else int(text)


def timeline() -> list[Exchange]:
    """Return all exchanges of all files in the order in which they happened."""
    found = [exchange for names in CONVERSATIONS for exchange in _conversation(names)]
    return sorted(found, key=lambda exchange: exchange.moment)


def _conversation(names: tuple[str, ...]) -> list[Exchange]:
    found = [exchange for name in names for exchange in _file(name)]
    found.sort(key=lambda exchange: exchange.date)
    told = [_told(exchange) for exchange in found]
    for number, exchange in enumerate(found):
        told[number] = told[number] or _named(found[:number], exchange.name)
        last = found[number - 1].moment if number else exchange.date
        guess = _guess(exchange.date, last, told[number:])
        exchange.moment = max(_in_window(found[:number], exchange, guess), last)
    return found


def _file(name: str) -> list[Exchange]:
    lines = (WIRE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Exchange(
            file=name,
            number=number,
            name=raw["name"],
            before=raw.get("before", []),
            request=raw["request"],
            response=raw["response"],
            moment=datetime.min.replace(tzinfo=UTC),
        )
        for number, raw in enumerate(json.loads(line) for line in lines)
    ]


def _told(exchange: Exchange) -> datetime | None:
    """Return the moment that the body tells, or that is known otherwise."""
    if exchange.key in KNOWN:
        return KNOWN[exchange.key]
    try:
        body = json.loads(exchange.response["body"] or "null") or {}
    except ValueError:
        return None
    if "timestamp" in body:
        return datetime.fromisoformat(body["timestamp"])
    data = body.get("data")
    if isinstance(data, dict) and "reservationDuration" in data:
        until = datetime.fromisoformat(data["reservationUntil"])
        return until - timedelta(minutes=data["reservationDuration"])
    return None


def _named(earlier: list[Exchange], name: str) -> datetime | None:
    """Return the moment that a name such as ``after hold +0.38`` tells: seconds after the hold."""
    found = re.fullmatch(r"after (hold|delete) \+([\d.]+)", name)
    if found is None:
        return None
    method = {"hold": "POST", "delete": "DELETE"}[found[1]]
    base = next(each for each in reversed(earlier) if each.request["method"] == method)
    return base.moment + timedelta(seconds=float(found[2]))


def _guess(date: datetime, last: datetime, told: list[datetime | None]) -> datetime:
    upcoming = ((steps, exact) for steps, exact in enumerate(told) if exact is not None)
    steps, exact = next(upcoming, (0, None))
    if exact is not None and (steps == 0 or date <= exact < date + SECOND):
        return max(exact - steps * STEP, date) if steps else exact
    return min(max(last + STEP, date), date + SECOND - STEP / 20)


def _in_window(earlier: list[Exchange], exchange: Exchange, guess: datetime) -> datetime:
    """Return the moment that fits the recorded seconds until the window ends."""
    start = _window_start(earlier, exchange)
    reset = exchange.rate("Reset")
    if start is None or reset is None or exchange.response["status"] == 429:
        return guess
    first = start + timedelta(seconds=WINDOW - reset)
    return min(max(guess, first), first + SECOND - STEP / 20)


def _window_start(earlier: list[Exchange], exchange: Exchange) -> datetime | None:
    """Return when the caller's window began, where that call was recorded."""
    left = exchange.rate("Remaining")
    for each in reversed(earlier):
        if _caller(each) != _caller(exchange) or each.rate("Remaining") is None:
            continue
        remaining, limit = each.rate("Remaining"), each.rate("Limit")
        if left is None or remaining is None or remaining <= left or limit is None:
            return None
        if remaining == limit - 1:
            return each.moment
        left = remaining
    return None


def _caller(exchange: Exchange) -> tuple[str | None, str | None]:
    headers = exchange.request["headers"]
    key = headers.get("Authorization")
    return key and key.removeprefix("Bearer "), None if key else headers.get("cf-connecting-ip")
