"""Requests and answers between the socket and the stand-in."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import Any

JSON_TYPE = "application/json; charset=utf-8"

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Request:
    """As it came: ``target`` is path and query undecoded, header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer: str

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers in their order, body. ``sent`` is the share of the body that leaves."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    sent: float = 1.0

    def header(self, name: str) -> str | None:
        wanted = name.lower()
        return next((text for key, text in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Hangup:
    """No answer: the connection ends, with a reset or in good order."""

    reset: bool = False


Reply = Response | Hangup


def as_json(value: Any) -> bytes:
    """As ``JSON.stringify`` writes it: an infinite number becomes null."""
    try:
        return _ENCODER.encode(value).encode("utf-8", "replace")
    except ValueError:
        return _ENCODER.encode(_finite(value)).encode("utf-8", "replace")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def etag(body: bytes) -> str:
    """Express's weak entity tag (https://github.com/jshttp/etag)."""
    digest = base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()
    return f'W/"{len(body):x}-{digest[:27]}"'
