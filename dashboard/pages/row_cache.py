"""Rows of the board as finished text, made once for as long as nothing in them changes."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from dashboard.holds.models import Hold
from dashboard.holds.register import Entry
from dashboard.pages import offering
from dashboard.pages.rows import Row, Viewer, row_of

Key = tuple[Any, ...]
Places = Mapping[int, tuple[int, int]]

MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """A calm hold as the board shows it, rendered."""

    row: Row
    html: SafeString


# Every write of a hold raises its version, so a line is right for as long as its key is: what is
# polled all day is made once. Small enough to be thrown away whole when it is full.
_kept: dict[Key, Line] = {}


def of(entries: Sequence[Entry], viewer: Viewer, places: Places) -> list[Line]:
    """A line for each; one query where some are not made yet. ``places`` are those in offers."""
    me, who = viewer.user.pk, whose(viewer)
    keys = [_key(entry, viewer, places.get(entry.pk), me, who) for entry in entries]
    missing = {key[0]: key for key in keys if key not in _kept}
    if not missing:
        return [_kept[key] for key in keys]
    made: dict[Key, Line] = {}
    for hold in Hold.objects.filter(pk__in=missing).select_related("holder", "claim_by"):
        made[missing[hold.pk]] = _line(row_of(hold, viewer), missing[hold.pk])
    lines = [made.get(key) or _kept.get(key) for key in keys]
    if len(_kept) + len(made) > MOST_KEPT:
        _kept.clear()
    _kept.update(made)
    return [line for line in lines if line is not None]


def _line(row: Row, key: Key) -> Line:
    _pk, _version, place, *_rest = key
    context = {"row": row, "face": _face(key), "offer": place and offering.tag(*place)}
    return Line(row, render_to_string("holds/_row.html", context))


def _key(entry: Entry, viewer: Viewer, place: tuple[int, int] | None, me: int, who: Key) -> Key:
    """The number of a hold, its version, and all else that its line depends on."""
    return (
        entry.pk,
        entry.version,
        place and (entry.offer, *place),
        entry.holder == me,
        entry.is_live(viewer.at),
        entry.is_claimed(viewer.now),
        entry.username,
        entry.first_name,
        entry.last_name,
        *who,
    )


def _face(key: Key) -> str:
    """By which a page tells a row that it shows already: the version, and the rest as a sum."""
    _pk, version, *rest = key
    return f"{version}.{zlib.crc32(repr(rest).encode()):x}"


def whose(viewer: Viewer) -> Key:
    """What of a person every line depends on."""
    zone = timezone.get_current_timezone_name()
    return (get_language(), zone, viewer.base, viewer.is_admin)
