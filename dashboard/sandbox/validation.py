"""The body of POST and PATCH, judged as class-validator judges cal.com's DTO.

https://github.com/calcom/cal.diy/blob/main/packages/platform/types/slots/slots-2024-09-04/inputs/reserve-slot.input.ts
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dashboard.sandbox.errors import invalid
from dashboard.sandbox.iso import is_date_string


@dataclass(frozen=True, slots=True)
class Wanted:
    """A body that passed. Durations in minutes; None where none was sent."""

    event_type_id: int
    slot_start: str
    slot_duration: int | None
    reservation_duration: int | None


@dataclass(frozen=True, slots=True)
class _Rule:
    passes: Callable[[object], bool]
    constraint: str
    words: str
    optional: bool = False


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_INT = "must be an integer number"
_RULES = {
    "eventTypeId": _Rule(_is_int, "isInt", _INT),
    "slotStart": _Rule(is_date_string, "isDateString", "must be a valid ISO 8601 date string"),
    "slotDuration": _Rule(_is_int, "isInt", _INT, optional=True),
    "reservationDuration": _Rule(_is_int, "isInt", _INT, optional=True),
}


def wanted(payload: Any) -> Wanted:
    """Unknown properties are dropped. Raises Refusal 400 with one error per wrong property."""
    target = _whitelisted(payload)
    sent = target if isinstance(target, dict) else {}
    errors = [
        _error(target, sent, name) for name, rule in _RULES.items() if _fails(rule, sent, name)
    ]
    if errors:
        raise invalid(errors)
    return Wanted(
        event_type_id=sent["eventTypeId"],
        slot_start=sent["slotStart"],
        slot_duration=sent.get("slotDuration"),
        reservation_duration=sent.get("reservationDuration"),
    )


def _whitelisted(payload: Any) -> Any:
    if isinstance(payload, list):
        return [None] * len(payload)  # dropping an array's properties leaves holes
    return {name: value for name, value in payload.items() if name in _RULES}


def _fails(rule: _Rule, sent: dict[str, Any], name: str) -> bool:
    value = sent.get(name)
    return not (rule.optional and value is None) and not rule.passes(value)


def _error(target: Any, sent: dict[str, Any], name: str) -> dict[str, Any]:
    rule = _RULES[name]
    error: dict[str, Any] = {"target": target}
    if name in sent:
        error["value"] = sent[name]
    constraints = {rule.constraint: f"{name} {rule.words}"}
    return error | {"property": name, "children": [], "constraints": constraints}
