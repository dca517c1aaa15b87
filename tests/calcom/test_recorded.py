"""Every recorded answer of the real server, read by the endpoint that it is for."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from dashboard.calcom import (
    CalcomError,
    EventType,
    EventTypeKind,
    Host,
    Listed,
    Reservation,
    Slot,
)
from dashboard.calcom.cleansing import cleanse
from dashboard.calcom.errors import FieldError
from dashboard.calcom.types import Rate
from tests.calcom.calls import named, read
from tests.calcom.expected_errors import expected_errors
from tests.calcom.recorded import FILES, WIRE, Recorded, lines, lines_of

ERRORS = expected_errors()
BAD = [line for line in lines() if (line.file, line.name) in ERRORS]
GOOD = [line for line in lines() if (line.file, line.name) not in ERRORS]


def name_of(line: Recorded) -> str:
    return f"{line.file} {line.name}"


def test_all_files_are_complete() -> None:
    assert {file: len(lines_of(file)) for file in FILES} == FILES
    assert {path.stem for path in WIRE.glob("*.jsonl")} == set(FILES)
    assert set(ERRORS) <= {(line.file, line.name) for line in lines()}
    in_envelope = [line for line in BAD if '"status":"error"' in line.body]
    validated = [line for line in BAD if '"constraints":' in line.body]
    assert (len(GOOD), len(BAD), len(in_envelope), len(validated)) == (184, 224, 166, 33)


def test_good_answers_give_their_values() -> None:
    for line in GOOD:
        answer = read_line(line)
        assert on_the_wire(answer.value) == expected_value(line), name_of(line)
        check_exchange(line, answer.exchange)


def test_bad_answers_give_the_expected_errors() -> None:
    found = [(line, error_of(line)) for line in BAD]
    assert {(line.file, line.name): named(error) for line, error in found} == ERRORS
    for line, error in found:
        check_error(line, error)


def check_error(line: Recorded, error: CalcomError) -> None:
    check_exchange(line, error.exchange)
    secrets = (line.key, line.call()[1].get("uid", line.key))
    content = json.loads(line.body) if line.body.startswith("{") else {}
    if content.get("status") == "error":
        assert error.message == cleanse(content["error"]["message"], secrets), name_of(line)
        assert error.code == content["error"]["code"]
    if '"constraints":' in line.body:
        assert error.fields == tuple(
            FieldError(one["property"], tuple(one["constraints"].values()))
            for one in content["error"]["details"]["errors"]
        )
    said = " ".join((error.message, error.code, str(error.fields)))
    for secret in secrets:
        assert len(secret) < 5 or line.status < 400 or secret not in said, name_of(line)


def test_slots_errors_name_their_fields() -> None:
    fields = {
        line.name: error_of(line).fields for line in lines_of("10-slots") if line.status == 400
    }

    assert fields == {
        "format bad": (FieldError("format", ("slotFormat must be either 'range' or 'time'",)),),
        "unknown param": (FieldError("foo", ("property foo should not exist",)),),
        "missing start": (FieldError("start", ("start must be a valid ISO 8601 date string",)),),
        "missing eventTypeId": (
            FieldError(
                "usernames",
                (
                    "each value in usernames must be a string, The array must contain at least"
                    " 2 elements., usernames must be an array",
                ),
            ),
            FieldError("organizationSlug", ("organizationSlug must be a string",)),
        ),
        "eventTypeId text": (
            FieldError(
                "eventTypeId",
                ("eventTypeId must be a number conforming to the specified constraints",),
            ),
        ),
        "bad date": (FieldError("start", ("start must be a valid ISO 8601 date string",)),),
        "bad tz": (FieldError("timeZone", ("timeZone must be a valid IANA time-zone",)),),
        "usernames dynamic": (
            FieldError("organizationSlug", ("organizationSlug must be a string",)),
        ),
    }


def read_line(line: Recorded) -> Any:
    verb, keywords = line.call()
    return read(verb, line.received(), api_key=line.key, **keywords)


def error_of(line: Recorded) -> CalcomError:
    with pytest.raises(CalcomError) as caught:
        read_line(line)
    return caught.value


def expected_value(line: Recorded) -> Any:
    """Return the value of a good line: its body, and for event types the world's file."""
    if "/event-types" in line.request["path"]:
        data = line.data if isinstance(line.data, list) else [line.data]
        known = sorted(one["id"] for one in data if one["id"])
        hidden = {4} if line.name == "list own w/ hidden" else set()
        found = [WORLD[number] | {"hidden": number in hidden} for number in known]
        return found if isinstance(line.data, list) else found[0]
    if line.request["path"].startswith("/v2/slots?"):
        entries = [entry for day in line.data.values() for entry in day]
        return [{"start": utc(e["start"]), "end": utc(e.get("end")), **seats(e)} for e in entries]
    return json.loads(line.body).get("data")


def on_the_wire(value: Any) -> Any:
    """Return a value as cal.com's JSON."""
    match value:
        case Reservation():
            keys = {
                "eventTypeId": value.event_type_id,
                "slotStart": iso(value.slot_start),
                "slotEnd": iso(value.slot_end),
                "slotDuration": value.slot_duration,
                "reservationUid": value.reservation_uid,
                "reservationUntil": iso(value.reservation_until),
            }
            minutes = value.reservation_duration
            return keys if minutes is None else keys | {"reservationDuration": minutes}
        case EventType():
            return {name: getattr(value, name) for name in value.__dataclass_fields__}
        case Listed():
            assert value.unread == 0
            return on_the_wire(value.entries)
        case (EventType(), *_):
            assert [one.title for one in value] == sorted(one.title for one in value)
            return [on_the_wire(one) for one in sorted(value, key=lambda one: one.id)]
        case tuple():
            return [on_the_wire(one) for one in value]
        case Slot():
            return {
                "start": value.start,
                "end": value.end,
                "total": value.seats_total,
                "remaining": value.seats_remaining,
            }
        case _:
            return value


def check_exchange(line: Recorded, exchange: Any) -> None:
    headers = line.response["headers"]
    remaining = headers.get("X-RateLimit-Remaining-Default")
    assert exchange.status == line.status, name_of(line)
    assert exchange.request_id == headers.get("X-Request-Id", "")
    assert exchange.server_date == parsedate_to_datetime(headers["Date"])
    assert exchange.rate == (
        None
        if remaining is None
        else Rate(
            limit=int(headers["X-RateLimit-Limit-Default"]),
            remaining=int(remaining),
            resets_in=int(headers["X-RateLimit-Reset-Default"]),
        )
    )


def iso(at: datetime) -> str:
    assert at.tzinfo is UTC
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def utc(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def seats(entry: dict[str, Any]) -> dict[str, Any]:
    return {"total": entry.get("seatsTotal"), "remaining": entry.get("seatsRemaining")}


def from_world(one: dict[str, Any]) -> dict[str, Any]:
    scheduling, places = one.get("schedulingType"), one.get("seatsPerTimeSlot")
    individual = EventTypeKind.INDIVIDUAL if places is None else EventTypeKind.SEATED
    owners = [one["owner"]] if "owner" in one else one["hosts"]
    names = {1: "Owner", 2: "Mate", 3: "Stranger"}
    return {
        "id": one["id"],
        "title": one["title"],
        "slug": one["slug"],
        "kind": EventTypeKind(scheduling) if scheduling else individual,
        "length_in_minutes": one["lengthInMinutes"],
        "length_options": tuple(one.get("lengthInMinutesOptions", ())),
        "seats_per_time_slot": places,
        "hosts": tuple(Host(number, names[number], names[number].lower()) for number in owners),
        "team_id": one.get("team"),
    }


WORLD = {
    one["id"]: from_world(one)
    for one in json.loads((WIRE / "world.json").read_text(encoding="utf-8"))["eventTypes"]
}
