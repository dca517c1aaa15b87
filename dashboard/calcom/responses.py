"""Read what a response stands for: the value that was asked for, or cal.com's complaint.

cal.com has two shapes of error: its envelope, ``{"status": "error", "error": {"code", "message",
"details"}}``, and for what its filters do not see ``{"statusCode", "message"}``. The kinds of 400,
404 and 422 differ by their sentence alone. Sources of the sentences:
https://github.com/calcom/cal.diy/tree/main/apps/api/v2/src/modules/slots/slots-2024-09-04
https://github.com/calcom/cal.diy/tree/main/apps/api/v2/src/filters
"""

import json
import re
from dataclasses import dataclass, replace
from typing import TypeVar

import httpx

from dashboard.calcom.endpoints import Call
from dashboard.calcom.errors import Cause, FieldError
from dashboard.calcom.parsing import UnknownShapeError
from dashboard.calcom.rates import windows_of

T = TypeVar("T")

# Causes by the status and the words that a message starts with, or, after a space, contains.
SENTENCES: dict[int, tuple[tuple[str, Cause], ...]] = {
    400: (
        ("You passed 'slotDuration'", Cause.WRONG_DURATION),
        ("Provided 'slotDuration'", Cause.WRONG_DURATION),
        ("Cannot reserve a slot for a team event without any hosts", Cause.NO_HOSTS),
        ("Invalid start date", Cause.INVALID),
        ("Invalid end date", Cause.INVALID),
        (" property is wrong,", Cause.INVALID),
    ),
    403: (
        ("PermissionsGuard - ", Cause.KEY_REJECTED),
        ("authenticated user is not owner of event type", Cause.NOT_RELATED),
    ),
    404: (
        ("Event Type with ID=", Cause.UNKNOWN_EVENT_TYPE),
        ("Event type with id ", Cause.UNKNOWN_EVENT_TYPE),
        ("Event Type not found", Cause.UNKNOWN_EVENT_TYPE),
        ("Slot with uid=", Cause.UNKNOWN_RESERVATION),
        # the row went between cal.com's look and its write; only a reservation is written
        ("Invalid Query: The requested record was not found", Cause.UNKNOWN_RESERVATION),
        ("Cannot ", Cause.WRONG_ROUTE),
    ),
    422: (
        ("This time slot is already reserved", Cause.ALREADY_RESERVED),
        ("Can't reserve a slot if the event is already booked", Cause.ALREADY_BOOKED),
        (" has no more seats left", Cause.NO_SEATS),
        (" has no available hosts left", Cause.NO_HOSTS),
    ),
}
# The fields behind the 400s that name none, and those that name theirs within one sentence.
FIELDS = {"Invalid start date": "slotStart", "Invalid end date": "slotDuration"}
NAMED = re.compile(r"(\w+) property is wrong,(.*?)(?=,? *\w+ property is wrong,|$)", re.S)
FIELDS_SHOWN = 20
LONGEST_MESSAGE = 2000  # characters; the time that NAMED takes grows with the square of a word
GOOD = {200, 201}
REDIRECTS = {301, 302, 303, 307, 308}
NO_DATA = object()  # not null, which a GET reads as no reservation
KEY_REJECTED = {401, 498}  # 498 is cal.com's own: ACCESS_TOKEN_IS_EXPIRED


@dataclass(frozen=True, slots=True)
class Complaint:
    """cal.com's own words about what went wrong, not yet cleansed, and what they mean."""

    message: str = ""
    code: str = ""
    fields: tuple[FieldError, ...] = ()
    cause: Cause = Cause.OTHER_REFUSAL


class NotJsonError(Exception):
    """A body that is no JSON, or was not read."""


def read_response(call: Call[T], status: int, headers: httpx.Headers, body: bytes) -> T | Complaint:
    """Return the value of a good answer, or the complaint of any other."""
    by_status = cause_by_status(status, headers)
    try:
        content = parse_json(body)
        if status in GOOD:
            return read_value(call, content)
        complaint = read_complaint(content, status)
    except (NotJsonError, UnknownShapeError) as problem:
        if by_status:  # which tells, so that no words are needed
            return Complaint(cause=by_status)
        is_json = isinstance(problem, UnknownShapeError)
        return Complaint(str(problem), cause=Cause.UNKNOWN_SHAPE if is_json else Cause.NOT_JSON)
    cause = cause_by_message(complaint, status) or by_status or Cause.OTHER_REFUSAL
    if cause is Cause.UNKNOWN_RESERVATION and call.uid and call.method != "PATCH":
        return call.read(None)  # what cal.com's open server says with a 200
    return replace(complaint, cause=cause)


def parse_json(body: bytes) -> object:
    """Return the content of a body. Raises NotJsonError."""
    try:
        content: object = json.loads(body)
    except (ValueError, RecursionError):
        raise NotJsonError("The body is no JSON, or longer than an answer may be.") from None
    return content


def read_value(call: Call[T], content: object) -> T:
    """Return the value of a good answer. Raises UnknownShapeError."""
    if not isinstance(content, dict) or content.get("status") != "success":
        raise UnknownShapeError("The body does not say success.")
    if content.get("error") is not None:
        raise UnknownShapeError("The body says success and error.")
    return call.read(content.get("data", NO_DATA))


def read_complaint(content: object, status: int) -> Complaint:
    """Return the words of either shape of error. Raises UnknownShapeError."""
    if status >= 400 and isinstance(content, dict):
        error = content.get("error")
        if content.get("status") == "error" and isinstance(error, dict):
            return read_envelope(error)
        message = content.get("message")
        if content.get("statusCode") == status and isinstance(message, str):
            return Complaint(message)
    raise UnknownShapeError("The body is neither of cal.com's errors.")


def read_envelope(error: dict[str, object]) -> Complaint:
    """Return the words of cal.com's envelope. Raises UnknownShapeError."""
    message, code, details = error.get("message"), error.get("code"), error.get("details")
    if not isinstance(message, str):
        raise UnknownShapeError("The error has no message.")
    listed = details.get("errors") if isinstance(details, dict) else None
    fields = listed_fields(listed) if isinstance(listed, list) else named_fields(message)
    return Complaint(message, code if isinstance(code, str) else "", fields)


def listed_fields(listed: list[object]) -> tuple[FieldError, ...]:
    """Return names and sentences; ``target`` and ``value`` beside them repeat the request."""
    fields = []
    for error in listed[:FIELDS_SHOWN]:
        if not isinstance(error, dict):
            continue
        name, constraints = error.get("property"), error.get("constraints", {})
        if isinstance(name, str) and isinstance(constraints, dict):
            texts = (text for text in constraints.values() if isinstance(text, str))
            fields.append(FieldError(name, tuple(texts)))
    return tuple(fields)


def named_fields(message: str) -> tuple[FieldError, ...]:
    if message in FIELDS:
        return (FieldError(FIELDS[message], (message,)),)
    named = NAMED.findall(message[:LONGEST_MESSAGE])[:FIELDS_SHOWN]
    return tuple(FieldError(name, (text.strip(" ,"),)) for name, text in named)


def cause_by_message(complaint: Complaint, status: int) -> Cause | None:
    for words, cause in SENTENCES.get(status, ()):
        if complaint.message.startswith(words) or (words[0] == " " and words in complaint.message):
            return cause
    return Cause.INVALID if status == 400 and complaint.fields else None


def cause_by_status(status: int, headers: httpx.Headers) -> Cause | None:
    """Return the cause that a status stands for whatever the body is; None where it depends."""
    if status >= 500 or status == 408:  # which says no more than a 504
        return Cause.SERVER_FAULT
    if status == 429:
        return Cause.RATE_LIMITED
    if status in KEY_REJECTED:
        return Cause.KEY_REJECTED
    # cal.com's limiter sees every call but those of a wrong route
    is_nowhere = status == 404 and not windows_of(headers)
    return Cause.WRONG_ROUTE if is_nowhere or status in REDIRECTS else None
