"""Every recorded answer of the real server, read by the method that it is for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from dashboard.calcom import CalcomError, EventType, FieldError, Kind, Rate, Reservation, Slot
from tests.calcom.both_clients import Ask, told
from tests.calcom.ends import ENDS
from tests.calcom.recorded import FILES, WIRE, Recorded, lines, lines_of

ENDING = {
    (file, name): end
    for file, ends in ENDS.items()
    for end, names in ends.items()
    for name in names
}


def listed(choose: Callable[[Recorded], object]) -> list[Any]:
    """The lines chosen, each under its name."""
    return [pytest.param(one, id=f"{one.file} {one.name}") for one in lines() if choose(one)]


def is_bad(line: Recorded) -> bool:
    return (line.file, line.name) in ENDING


BAD = listed(is_bad)
GOOD = listed(lambda line: not is_bad(line))
ENVELOPED = listed(lambda line: is_bad(line) and '"status":"error"' in line.body)
VALIDATED = listed(lambda line: is_bad(line) and '"constraints":' in line.body)


def test_all_files_are_there_and_whole() -> None:
    assert {file: len(lines_of(file)) for file in FILES} == FILES
    assert {path.stem for path in WIRE.glob("*.jsonl")} == set(FILES)
    assert set(ENDING) <= {(line.file, line.name) for line in lines()}
    assert (len(GOOD), len(BAD), len(ENVELOPED), len(VALIDATED)) == (184, 224, 166, 33)


@pytest.mark.parametrize("line", BAD)
def test_a_line_that_is_no_good_answer_ends_as_written_down(line: Recorded, asked: Ask) -> None:
    with pytest.raises(CalcomError) as caught:
        put(line, asked)

    assert told(caught.value) == ENDING[line.file, line.name]
    check_exchange(line, caught.value.exchange)


@pytest.mark.parametrize("line", GOOD)
def test_a_good_answer_is_read_whole(line: Recorded, asked: Ask) -> None:
    answer = put(line, asked)

    assert on_the_wire(answer.value) == told_by(line)
    check_exchange(line, answer.exchange)


@pytest.mark.parametrize("line", ENVELOPED)
def test_words_are_cal_coms_own_but_for_what_is_hidden(line: Recorded, asked: Ask) -> None:
    error = json.loads(line.body)["error"]

    with pytest.raises(CalcomError) as caught:
        put(line, asked)

    message = " ".join(error["message"].split())
    assert caught.value.message == HIDING.get(message, message)[:300]
    assert caught.value.code == error["code"]


@pytest.mark.parametrize("line", VALIDATED)
def test_validation_names_its_fields_and_repeats_no_value(line: Recorded, asked: Ask) -> None:
    errors = json.loads(line.body)["error"]["details"]["errors"]

    with pytest.raises(CalcomError) as caught:
        put(line, asked)

    assert caught.value.fields == tuple(
        FieldError(error["property"], tuple(error["constraints"].values())) for error in errors
    )


def test_the_slots_route_names_its_fields_within_one_sentence(asked: Ask) -> None:
    fields = {}
    for line in lines_of("10-slots"):
        if line.status == 400:
            with pytest.raises(CalcomError) as caught:
                put(line, asked)
            fields[line.name] = caught.value.fields

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


def test_a_429_tells_the_seconds_that_its_reset_says(asked: Ask) -> None:
    waits = {}
    for line in lines_of("09-429"):
        try:
            put(line, asked)
        except CalcomError as error:
            waits[line.name] = error.retry_after

    resets = {
        line.name: int(line.response["headers"]["X-RateLimit-Reset-Default"])
        for line in lines_of("09-429")
        if line.status == 429
    }
    assert waits == resets
    assert waits["GET #121"] == 60


NO_KEY = (
    "PermissionsGuard - no authentication provided. Provide either authorization bearer token"
    " containing managed user access token or oAuth client id in 'x-cal-client-id' header."
)
# Sentences that repeat a uid, a path with one, a token, or a piece of the body.
HIDING = {
    **{
        f"Slot with uid={uid} not found": "Slot with uid=[hidden] not found"
        for uid in (
            "0a82208a-1111-4222-8333-444455556666",
            "ae24466d-9d58-4a7c-a53a-b2a7b4b57bd7",
            "not-a-uid",
            "x",
        )
    },
    **{
        f"Cannot {method} {prefix}/v2/slots/reservations/{uid}": (
            f"Cannot {method} {prefix}/v2/slots/reservations/[hidden]"
        )
        for method, prefix, uid in (
            ("PUT", "", "bcf2dc4c-f380-4798-9460-76fe456261a8"),
            ("DELETE", "", "bcf2dc4c-f380-4798-9460-76fe456261a8"),
            ("GET", "", "abc"),
            ("GET", "/api", "abc"),
            ("PATCH", "", "abc"),
            ("DELETE", "", "abc"),
        )
    },
    "Failed to decode param 'v2/slots/reservations/a%zz'": (
        "Failed to decode param 'v2/slots/reservations/[hidden]'"
    ),
    "PermissionsGuard - no oAuth client found for access token=abc.secret.token": (
        "PermissionsGuard - no oAuth client found for access token=[hidden]"
    ),
    'Unexpected token \'"\', ""x"" is not valid JSON': (
        "Unexpected token [hidden] is not valid JSON"
    ),
    "Unexpected token 'n', \"null\" is not valid JSON": (
        "Unexpected token [hidden] is not valid JSON"
    ),
    NO_KEY: NO_KEY.replace("bearer token", "bearer [hidden]"),
    "Booking with uid=nope was not found in the database": (
        "Booking with uid=[hidden] was not found in the database"
    ),
}


def put(line: Recorded, asked: Ask) -> Any:
    verb, keywords = line.call()
    return asked(verb, transport=line.transport(), api_key=line.key, **keywords)


def told_by(line: Recorded) -> Any:
    """The value of a good line in terms of its body, and for event types of the world's file."""
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
    """A value of ours in terms of cal.com's JSON."""
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
    assert exchange.status == line.status
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
    individual = Kind.INDIVIDUAL if places is None else Kind.SEATED
    owners = [one["owner"]] if "owner" in one else one["hosts"]
    names = {1: "Owner", 2: "Mate", 3: "Stranger"}
    return {
        "id": one["id"],
        "title": one["title"],
        "slug": one["slug"],
        "kind": Kind(scheduling) if scheduling else individual,
        "length_in_minutes": one["lengthInMinutes"],
        "length_options": tuple(one.get("lengthInMinutesOptions", ())),
        "seats_per_time_slot": places,
        "owners": tuple(names[number] for number in owners),
    }


WORLD = {
    one["id"]: from_world(one)
    for one in json.loads((WIRE / "world.json").read_text(encoding="utf-8"))["eventTypes"]
}


def test_the_table_leaves_nothing_to_chance() -> None:
    """A line that ends well has a success status, one that does not has not, but for other routes'
    bodies and the year that cal.com misreads."""
    ours = [line for line in lines() if "/bookings" not in line.request["path"]]
    odd = {
        line.name: outcome_of_table
        for line in ours
        if (line.status < 300) != ((outcome_of_table := ENDING.get((line.file, line.name))) is None)
    }
    assert odd == {
        "POST OPTIONS": "Unavailable not_json",
        "HEAD known": "Unavailable not_json",
        "slotStart year 0001": "Unknown unknown_shape",
        "me": "Unavailable unknown_shape",
        "me no version": "Unavailable unknown_shape",
        "me mate": "Unavailable unknown_shape",
    }
