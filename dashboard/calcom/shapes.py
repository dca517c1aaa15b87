"""Strict readers of single values out of JSON. Each says what was wrong, never what was there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
UID = re.compile(r"[!-~]{1,200}")
LARGEST = 2**31 - 1  # cal.com's integers have four bytes


class UnknownShapeError(Exception):
    """JSON of a shape that we do not know."""


def mapping(value: object, name: str) -> Mapping[str, object]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise UnknownShapeError(f"{name} is no object")
    return value


def listing(value: object, name: str) -> list[object]:
    """A JSON array."""
    if not isinstance(value, list):
        raise UnknownShapeError(f"{name} is no list")
    return value


def integer(of: Mapping[str, object], key: str) -> int:
    """A whole number; true, false and 1.0 are none."""
    value = of.get(key)
    if type(value) is not int or abs(value) > LARGEST:
        raise UnknownShapeError(f"{key} is no whole number")
    return value


def integer_or_none(of: Mapping[str, object], key: str) -> int | None:
    """A whole number, or None where the key is absent or null."""
    return None if of.get(key) is None else integer(of, key)


def moment(of: Mapping[str, object], key: str) -> datetime:
    """A moment with an offset, in UTC."""
    value = of.get(key)
    if not isinstance(value, str) or not MOMENT.fullmatch(value):
        raise UnknownShapeError(f"{key} is no moment with an offset")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnknownShapeError(f"{key} is no moment with an offset") from None


def moment_or_none(of: Mapping[str, object], key: str) -> datetime | None:
    """A moment, or None where the key is absent or null."""
    return None if of.get(key) is None else moment(of, key)


def uid(of: Mapping[str, object], key: str) -> str:
    """A uid: up to 200 visible ASCII characters."""
    value = of.get(key)
    if not isinstance(value, str) or not UID.fullmatch(value):
        raise UnknownShapeError(f"{key} is no uid")
    return value
