"""Turns what came back into a good answer or into the error it stands for.

cal.com has two shapes of error: its envelope, ``{"status": "error", "error": {"code", "message",
"details"}}``, and for what its filters do not see ``{"statusCode", "message"}``. The kinds of 400,
404 and 422 differ by their sentence alone. Sources of the sentences:
https://github.com/calcom/cal.diy/tree/main/apps/api/v2/src/modules/slots/slots-2024-09-04
https://github.com/calcom/cal.diy/tree/main/apps/api/v2/src/filters
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

from dashboard.calcom.cleansing import cleanse
from dashboard.calcom.endpoints import Call
from dashboard.calcom.errors import CalcomError, Cause, FieldError, kind_of
from dashboard.calcom.shapes import UnknownShapeError
from dashboard.calcom.types import Answer, Exchange

T = TypeVar("T")

# What an error status and the words that its message starts with, or holds, mean.
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
        # the row went between the look and the write: no other of our calls changes one
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
GOOD = frozenset({200, 201})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
TOKEN_EXPIRED = 498  # cal.com's own; its body says ACCESS_TOKEN_IS_EXPIRED
FIELDS_SHOWN = 20
NAME = 60  # characters of a field's name or an error's code


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, and the secrets that its words may repeat."""

    exchange: Exchange
    status: int
    # None where it was too long or in an encoding that we did not ask for.
    body: bytes | None = field(repr=False)
    has_rate_headers: bool  # cal.com's limiter, which does not see a wrong route, saw the call
    seconds_to_wait: int
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Complaint:
    """cal.com's own words about what went wrong, not yet cleansed."""

    message: str
    code: str = ""
    fields: tuple[FieldError, ...] = ()


def judge(call: Call[T], reply: Reply) -> Answer[T] | CalcomError:
    """The good answer, or the error, which is returned and not raised: raising it is left to a
    frame that knows no secret."""
    try:
        content = _parsed(reply.body)
        if reply.status in GOOD:
            return Answer(_value(call, content), reply.exchange)
        complaint = _complaint(content, reply.status)
        cause = _by_sentence(complaint, reply) or _by_status(reply) or Cause.OTHER_REFUSAL
    except _NotJsonError:
        complaint = Complaint("The body is no JSON, or longer than an answer may be.")
        cause = _by_status(reply) or Cause.NOT_JSON
    except UnknownShapeError as problem:
        complaint = Complaint(str(problem))
        cause = _by_status(reply) or Cause.UNKNOWN_SHAPE
    return _error(call, cause, reply, complaint)


class _NotJsonError(Exception):
    pass


def _parsed(body: bytes | None) -> object:
    if body is None:
        raise _NotJsonError
    try:
        content: object = json.loads(body)
    except (ValueError, RecursionError):
        raise _NotJsonError from None
    return content


def _value(call: Call[T], content: object) -> T:
    if not isinstance(content, dict) or content.get("status") != "success":
        raise UnknownShapeError("The body does not say success.")
    if content.get("error") is not None:
        raise UnknownShapeError("The body says success and error.")
    return call.read(content)


def _complaint(content: object, status: int) -> Complaint:
    if status >= HTTPStatus.BAD_REQUEST and isinstance(content, dict):
        error = content.get("error")
        if content.get("status") == "error" and isinstance(error, dict):
            return _of_envelope(error)
        message = content.get("message")
        if content.get("statusCode") == status and isinstance(message, str):
            return Complaint(message)
    raise UnknownShapeError("The body is neither of cal.com's errors.")


def _of_envelope(error: dict[str, object]) -> Complaint:
    message, code, details = error.get("message"), error.get("code"), error.get("details")
    if not isinstance(message, str):
        raise UnknownShapeError("The error has no message.")
    listed = details.get("errors") if isinstance(details, dict) else None
    fields = _of_validation(listed) if isinstance(listed, list) else _of_sentence(message)
    return Complaint(message, code if isinstance(code, str) else "", fields)


def _of_validation(listed: list[object]) -> tuple[FieldError, ...]:
    """Names and sentences only: ``target`` and ``value`` beside them repeat the request."""
    return tuple(
        FieldError(name, tuple(text for text in constraints.values() if isinstance(text, str)))
        for error in listed[:FIELDS_SHOWN]
        if isinstance(error, dict)
        and isinstance(name := error.get("property"), str)
        and isinstance(constraints := error.get("constraints", {}), dict)
    )


def _of_sentence(message: str) -> tuple[FieldError, ...]:
    if message in FIELDS:
        return (FieldError(FIELDS[message], (message,)),)
    named = NAMED.findall(message)[:FIELDS_SHOWN]
    return tuple(FieldError(name, (text.strip(" ,"),)) for name, text in named)


def _by_sentence(complaint: Complaint, reply: Reply) -> Cause | None:
    for words, cause in SENTENCES.get(reply.status, ()):
        holds = words in complaint.message
        if holds and (words.startswith(" ") or complaint.message.startswith(words)):
            return cause
    is_validation = reply.status == HTTPStatus.BAD_REQUEST and complaint.fields
    return Cause.INVALID if is_validation else None


def _by_status(reply: Reply) -> Cause | None:
    """What a status says whatever the body is; None where the body has to tell."""
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Cause.SERVER_FAULT
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Cause.RATE_LIMITED
    if reply.status in {HTTPStatus.UNAUTHORIZED, TOKEN_EXPIRED}:
        return Cause.KEY_REJECTED
    is_nowhere = reply.status == HTTPStatus.NOT_FOUND and not reply.has_rate_headers
    return Cause.WRONG_ROUTE if is_nowhere or reply.status in REDIRECTS else None


def _error(call: Call[T], cause: Cause, reply: Reply, complaint: Complaint) -> CalcomError:
    return kind_of(cause, writes=call.writes)(
        cause,
        reply.exchange,
        message=cleanse(complaint.message, reply.secrets),
        code=cleanse(complaint.code, reply.secrets, NAME),
        fields=tuple(_cleansed(one, reply.secrets) for one in complaint.fields),
        retry_after=reply.seconds_to_wait if cause is Cause.RATE_LIMITED else None,
    )


def _cleansed(error: FieldError, secrets: tuple[str, ...]) -> FieldError:
    words = tuple(cleanse(text, secrets) for text in error.messages)
    return FieldError(cleanse(error.field, secrets, NAME), words)
