"""Bodies as Express's ``body-parser`` reads them, and as class-validator judges them.

https://github.com/expressjs/body-parser and, for the body of POST and PATCH,
https://github.com/calcom/cal.diy/blob/main/packages/platform/types/slots/slots-2024-09-04/inputs/reserve-slot.input.ts
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from dashboard.sandbox.dates import is_date_string
from dashboard.sandbox.errors import bare_error, nest_error, validation_error
from dashboard.sandbox.fixtures import DEFAULT_MINUTES
from dashboard.sandbox.http_server import Request

MAX_BYTES = 100 * 1024
CHARSETS = {"utf-7", "utf-8", "utf-16", "utf-16le", "utf-16be"}
WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PARAMETER = re.compile(rf'; *({WORD}) *= *("(?:[^"\\]|\\.)*"|{WORD}) *')
JSON_CONTENT = re.compile(rf"application/json *({PARAMETER.pattern})*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReservationInput:
    """A valid body of POST or PATCH; durations are in minutes."""

    event_type_id: int
    slot_start: str
    slot_duration: int | None
    reservation_duration: int | None

    @property
    def minutes(self) -> int:
        sent = self.reservation_duration
        return DEFAULT_MINUTES if sent is None else sent


def read_json(request: Request) -> Any:
    """Return the object or list in the body, ``{}`` where the body is no JSON.

    Raises ApiError 400 for malformed JSON (in other words than cal.com's, which are those of Node's
    parser), 413 for a body that is too long, 415 for an unknown encoding.
    """
    content_type = request.headers.get("content-type", "")
    if not request.body or not JSON_CONTENT.fullmatch(content_type):
        return {}
    parameters = {name.lower(): value for name, value in PARAMETER.findall(content_type)}
    charset = parameters.get("charset", "").strip('"').lower() or "utf-8"
    if charset not in CHARSETS:
        raise bare_error(415, f'unsupported charset "{charset.upper()}"')
    encoding = request.headers.get("content-encoding", "").lower() or "identity"
    if encoding != "identity":
        raise bare_error(415, f'unsupported content encoding "{encoding}"')
    if len(request.body) > MAX_BYTES:
        raise bare_error(413, "request entity too large")
    text = request.body.decode(charset, "replace").removeprefix("\ufeff")
    if not text:
        return {}
    try:
        payload = json.loads(text, parse_float=to_number, parse_constant=to_number)
    except (ValueError, RecursionError) as exc:
        raise nest_error(400, f"Malformed JSON: {exc}") from exc
    if not isinstance(payload, dict | list):
        raise nest_error(400, "Malformed JSON: neither an object nor an array")
    return payload


def to_number(text: str) -> int | float:
    """Return a number as in JavaScript, where 1.0 is 1. Raises ValueError if it is not finite."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not finite")
    return int(value) if value.is_integer() else value


def is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


INT = (is_int, "isInt", "must be an integer number")
DATE = (is_date_string, "isDateString", "must be a valid ISO 8601 date string")
RULES = {"eventTypeId": INT, "slotStart": DATE, "slotDuration": INT, "reservationDuration": INT}
OPTIONAL = {"slotDuration", "reservationDuration"}


def read_input(payload: Any) -> ReservationInput:
    """Validate the body and drop unknown properties.

    Raises ApiError 400 with one error per wrong property.
    """
    is_list = isinstance(payload, list)
    sent = {} if is_list else {name: payload[name] for name in payload if name in RULES}
    target = [None] * len(payload) if is_list else sent  # an array without properties has holes
    errors = []
    for name, (accepts, constraint, words) in RULES.items():
        value = sent.get(name)
        if accepts(value) or (value is None and name in OPTIONAL):
            continue
        error = {"target": target} | ({"value": value} if name in sent else {})
        constraints = {constraint: f"{name} {words}"}
        errors.append(error | {"property": name, "children": [], "constraints": constraints})
    if errors:
        raise validation_error(errors)
    return ReservationInput(
        event_type_id=sent["eventTypeId"],
        slot_start=sent["slotStart"],
        slot_duration=sent.get("slotDuration"),
        reservation_duration=sent.get("reservationDuration"),
    )
