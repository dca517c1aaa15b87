"""Rendered rows of the board, kept until something in them changes."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from dashboard.holds.models import Hold
from dashboard.holds.register import HoldSummary, Snapshot
from dashboard.localization import local_times
from dashboard.pages.rows import HoldRow, Viewer, clash_sentence, offer_badge
from dashboard.pages.whose import Calendars

Key = tuple[Any, ...]

MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class RenderedRow:
    """A hold as the board shows it, rendered."""

    row: HoldRow
    html: SafeString


# Every write of a hold raises its version, so a row is right for as long as its key is. Threads
# share the cache, and any of them may drop it whole when it is full: each key is read once, and
# what was read stays with the reader.
_cache: dict[Key, RenderedRow] = {}


def rendered_rows(
    entries: Sequence[HoldSummary], viewer: Viewer, current: Snapshot, calendars: Calendars
) -> list[RenderedRow]:
    """Return a row for each entry, with one query where some are not rendered yet."""
    own_pk, own_key = viewer.user.pk, viewer_key(viewer)
    keys = [
        (*_key(entry, viewer, current, calendars), entry.holder_id == own_pk, *own_key)
        for entry in entries
    ]
    rows = {key: row for key in keys if (row := _cache.get(key)) is not None}
    missing = {key[0]: key for key in keys if key not in rows}
    if missing:
        clashing = {pk for key in missing.values() for pk, _version in key[2]}
        holds = Hold.objects.with_people().in_bulk({*missing, *clashing})
        made = {
            key: _render(holds, key, viewer, calendars)
            for pk, key in missing.items()
            if pk in holds
        }
        rows |= made
        if len(_cache) + len(made) > MOST_KEPT:
            _cache.clear()
        _cache.update(made)
    return [rows[key] for key in keys]


def viewer_key(viewer: Viewer) -> Key:
    """Return what every row depends on of the person who looks, and of their day and year."""
    zone, today = timezone.get_current_timezone_name(), local_times.local_date(viewer.now)
    return (get_language(), zone, today, viewer.holds_url, viewer.is_admin)


def _key(entry: HoldSummary, viewer: Viewer, current: Snapshot, calendars: Calendars) -> Key:
    """Return the hold's primary key, its version, and what else its row depends on."""
    place = current.places.get(entry.pk)
    return (
        entry.pk,
        entry.version,
        tuple((each.pk, each.version) for each in current.clashes_of(entry.pk, viewer.cal_now)),
        place and (entry.offer_id, *place),
        bool(calendars.listed),
        calendars.by_event_type.get(entry.event_type_id),
        entry.is_live(viewer.cal_now),
        entry.is_claimed(viewer.now),
        entry.username,
        entry.first_name,
        entry.last_name,
    )


def _render(
    holds: Mapping[int, Hold], key: Key, viewer: Viewer, calendars: Calendars
) -> RenderedRow:
    pk, version, clashes, place, *_rest = key
    row = HoldRow(holds[pk], viewer)
    # By this a page tells a row that it shows already: the version, and the rest of the key hashed.
    row_version = f"{version}.{zlib.crc32(repr(key[2:]).encode()):x}"
    context = {
        "row": row,
        "row_version": row_version,
        "has_calendars": bool(calendars.listed),
        "whose": calendars.whose(holds[pk]),
        "badge": place and offer_badge(*place),
        "clashes": [
            clash_sentence(holds[pk], holds[other], viewer)
            for other, _ in clashes
            if other in holds
        ],
    }
    html = render_to_string("holds/_row.html", context)
    # The template has escaped it.
    compact = SafeString(" ".join(html.split()))  # nosec B703
    return RenderedRow(row, compact)  # a fifth less once compressed
