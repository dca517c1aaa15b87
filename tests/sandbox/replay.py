"""Recorded conversations with the real server, put to the sandbox at the same moments.

Bodies are compared with their keys in order, but for values that are random in every answer, for
the order of event types, which cal.com does not define, and for the words of Node's JSON parser.
"""

import http.client
import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from dashboard.sandbox import Sandbox, World, read_world
from tests.sandbox.recorded import WIRE, Exchange

RATE = tuple(f"X-RateLimit-{name}-Default" for name in ("Limit", "Remaining", "Reset"))

OWNER = ("Authorization", "Bearer cal_owner0123456789")
OWNER_FAST = ("Authorization", "Bearer cal_ownerfast0123456789")
MATE = ("Authorization", "Bearer cal_mate0123456789")
STRANGER = ("Authorization", "Bearer cal_stranger0123456789")
ANONYMOUS = ("cf-connecting-ip", "10.0.0.2")

SLOTS_VERSION = {"cal-api-version": "2024-09-04"}
COUNTED = {"method": "GET", "path": "/v2/slots/reservations/x", "body": None}

# Calls that the recorder made and left out, as the rate headers show: seconds from the exchange's
# moment, who, how many.
LEFT_OUT: dict[tuple[str, int], tuple[tuple[float, tuple[str, str], int], ...]] = {
    ("01-post", 0): (
        (-59.1, OWNER_FAST, 5),
        (-59.1, MATE, 1),
        (-59.1, STRANGER, 2),
    ),
    ("06-version", 10): ((-0.01, OWNER_FAST, 1),),
    ("09-429", 2): ((-0.01, OWNER, 118),),
    ("09-429", 8): ((-1.03, OWNER, 1),),
    ("10-slots", 31): ((-0.01, OWNER_FAST, 1),),
    ("10b-seated-leak", 1): ((-55.2, ANONYMOUS, 1),),
}

# Messages about malformed JSON, which differ between versions of Node.
PARSER_WORDS = {("05-validation", number) for number in (52, 53, 58, 59)}


def world() -> World:
    return read_world(WIRE / "world.json")


class Replay:
    """One connection to a sandbox whose clock stops where the recording was."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc)

    def close(self) -> None:
        self._connection.close()

    def differences(self, exchange: Exchange) -> list[str]:
        """Return how the answer of the sandbox differs from the recorded one."""
        self._make_left_out_calls(exchange)
        self.sandbox.clock.stop(exchange.moment)
        for step in exchange.before:
            self._prepare(step)
        self.sandbox.use_uids(_uids(exchange.response["body"]))
        status, headers, body = self._send(exchange.request)
        found = []
        if status != exchange.response["status"]:
            found.append(f"status {status}, not {exchange.response['status']}")
        found += _header_differences(headers, exchange.response["headers"])
        recorded = exchange.response["body"] or ""
        ours, theirs = (_comparable(text, exchange) for text in (body, recorded))
        if ours != theirs:
            found.append(f"body {ours}\n           not {theirs}")
        return found

    def answer_to(self, exchange: Exchange) -> tuple[int, str]:
        """Return status and body of the answer to a conversation that is not imitated.

        Where cal.com counted the call, another one is counted in its place.
        """
        self._make_left_out_calls(exchange)
        self.sandbox.clock.stop(exchange.moment)
        status, headers, body = self._send(exchange.request)
        if exchange.rate("Remaining") is not None and headers[RATE[1]] is None:
            self._send(COUNTED | {"headers": exchange.request["headers"] | SLOTS_VERSION})
        return status, body

    def _make_left_out_calls(self, exchange: Exchange) -> None:
        for seconds, caller, times in LEFT_OUT.get(exchange.key, ()):
            self.sandbox.clock.stop(exchange.moment + timedelta(seconds=seconds))
            for _ in range(times):
                self._send(COUNTED | {"headers": dict([caller]) | SLOTS_VERSION})

    def _send(self, request: dict[str, Any]) -> tuple[int, http.client.HTTPMessage, str]:
        self._connection.putrequest(request["method"], request["path"], skip_accept_encoding=True)
        body = _refilled(request["body"])
        for name, text in request["headers"].items():
            self._connection.putheader(name, text)
        if body is not None:
            self._connection.putheader("Content-Length", str(len(body)))
        self._connection.endheaders(body)
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()

    def _prepare(self, step: str) -> None:
        if step == "remove all holds":
            self.sandbox.remove_reservations()
        elif found := re.fullmatch(r"booking (\S+) becomes (\w+)", step):
            self._change_booking(*found.groups())
        elif found := re.fullmatch(r"event type (\d+): (\w+) (true|false)", step):
            names = {"showAvailabilityCount": "show_availability_count", "hidden": "hidden"}
            number, name, value = found.groups()
            self.sandbox.change_event_type(int(number), **{names[name]: value == "true"})
        elif found := re.fullmatch(
            r"insert a seat hold on event type (\d+), (\S+) to \S+, for (\d+) minutes", step
        ):
            number, start, minutes = found.groups()
            self.sandbox.insert_reservation(
                int(number), datetime.fromisoformat(start), minutes=int(minutes)
            )
        elif not re.fullmatch(r"wait [\d.]+ s", step):
            raise ValueError(f"an unknown step: {step}")

    def _change_booking(self, uid: str, status: str) -> None:
        booking = next(each for each in self.sandbox.bookings() if each.uid == uid)
        self.sandbox.add_booking(replace(booking, status=status))


def _uids(body: str) -> list[str]:
    return re.findall(r'"reservationUid":"([^"]+)","reservationDuration"', body or "")


def _refilled(body: str | None) -> bytes | None:
    """Return the body as sent; a long one was cut and tells its length."""
    if body is None:
        return None
    cut = re.fullmatch(r"(.*x)…\((\d+) bytes\)", body)
    if cut is None:
        return body.encode()
    text, size = cut[1], int(cut[2])
    return (text + "x" * (size - len(text) - 2) + '"}').encode()


def _header_differences(ours: http.client.HTTPMessage, theirs: dict[str, str]) -> list[str]:
    found = [
        f"{name} {ours[name]}, not {theirs.get(name)}"
        for name in (*RATE, "Content-Type", "Connection", "Keep-Alive")
        if ours[name] != theirs.get(name)
    ]
    if _kind_of_id(ours["X-Request-Id"]) != _kind_of_id(theirs.get("X-Request-Id")):
        found.append(f"X-Request-Id {ours['X-Request-Id']}, not {theirs.get('X-Request-Id')}")
    return found


def _kind_of_id(text: str | None) -> str | None:
    return (
        "uuid"
        if text and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)
        else text
    )


def _comparable(body: str, exchange: Exchange) -> Any:
    """Return the body with the order of its keys, without random values."""
    masked = {"message"} if exchange.key in PARSER_WORDS else set()

    def pairs(found: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        return [
            (name, "masked" if name in masked else _steady(name, value)) for name, value in found
        ]

    try:
        return json.loads(body, object_pairs_hook=pairs)
    except ValueError:
        return body


def _steady(name: str, value: Any) -> Any:
    if name == "bookingUid" and not value.startswith("bk-"):
        return "a uuid"
    if name == "data" and isinstance(value, list) and value and value[0][0][0] == "id":
        return sorted(value, key=str)
    return value
