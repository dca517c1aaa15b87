"""Calls to cal.com, read from the entries of one action."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from dashboard.audit.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Call:
    """One call: an entry before it was sent, and its answer in the next entry."""

    asked_at: datetime
    method: str
    path: str
    answered: bool  # False if no later entry has an answer
    status: int | None = None
    milliseconds: int | None = None
    request_id: str = ""
    error_code: str = ""
    message: str = ""


def calls_of(entries: list[AuditEntry]) -> Iterator[Call]:
    """Yield the calls of one action; ``entries`` are all its entries, oldest first."""
    for before, after in pairwise([*entries, None]):
        if before is None or not before.method:
            continue
        if after is None:
            yield Call(before.at, before.method, before.path, answered=False)
            continue
        yield Call(
            before.at,
            before.method,
            before.path,
            answered=after.status is not None,
            status=after.status,
            milliseconds=after.milliseconds,
            request_id=after.upstream_request_id,
            error_code=after.error_code,
            message=after.message,
        )
