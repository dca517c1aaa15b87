"""Rendered rows of the board, kept until something in them changes."""

import zlib
from collections.abc import Sequence
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from dashboard.holds.models import Hold
from dashboard.localization import local_times
from dashboard.pages.fields import offered_extensions
from dashboard.pages.rows import HoldRow, clash_sentence, offer_badge
from dashboard.pages.viewers import Viewer

Key = tuple[Any, ...]

MOST_KEPT = 10_000
# Every write of a hold raises its version, so a row is right for as long as its key is; after a
# restore of the database, another hold may have its number and version, but not the moment. Threads
# share the cache, and any of them may drop it whole when it is full: each key is read once.
_cache: dict[Key, str] = {}


def rendered_rows(holds: Sequence[Hold], viewer: Viewer) -> SafeString:
    """Return the rows of these holds of the register, one after the other."""
    shared = shared_key(viewer)
    rows = []
    for hold in holds:
        key = (*own_key(hold, viewer), *shared)
        row = _cache.get(key)
        if row is None:
            row = render_row(hold, key, viewer)
            if len(_cache) >= MOST_KEPT:
                _cache.clear()
            _cache[key] = row
        rows.append(row)
    return SafeString("".join(rows))  # nosec B703: each is safe


def shared_key(viewer: Viewer) -> Key:
    """Return what every row depends on: the person who looks, and their day and year."""
    zone, today = timezone.get_current_timezone_name(), local_times.local_date(viewer.now)
    has_calendars = bool(viewer.calendars.listed)
    return (get_language(), zone, today, viewer.holds_url, viewer.is_admin, has_calendars)


def own_key(hold: Hold, viewer: Viewer) -> Key:
    """Return the hold's primary key, its version and moment, and what else its row depends on."""
    holder, clashes = hold.holder, viewer.register.clashes_of(hold.pk, viewer.cal_now)
    return (
        hold.pk,
        hold.version,
        hold.changed_at,
        tuple(
            (each.pk, each.version, each.changed_at, each.holder_id == viewer.user.pk)
            for each in clashes
        ),
        viewer.register.places.get(hold.pk),
        viewer.calendars.by_event_type.get(hold.event_type_id),
        hold.is_live(viewer.cal_now),
        hold.is_claimed(viewer.now),
        holder.username,
        holder.first_name,
        holder.last_name,
        hold.holder_id == viewer.user.pk,
    )


def render_row(hold: Hold, key: Key, viewer: Viewer) -> str:
    clashes = viewer.register.clashes_of(hold.pk, viewer.cal_now)
    context = {
        "row": HoldRow(hold, viewer),
        # By this, and by what it shows, a page tells a row that it shows already. The hold's number
        # and moment are left out: a value of its own for each row adds a tenth once compressed.
        "row_version": f"{hold.version}.{zlib.crc32(repr(key[3:]).encode()):x}",
        "has_calendars": bool(viewer.calendars.listed),
        "add": offered_extensions()[0],
        "badge": offer_badge(hold, viewer),
        "clashes": [clash_sentence(hold, other, viewer) for other in clashes],
    }
    # On one line: a fifth less once compressed.
    return " ".join(render_to_string("holds/_row.html", context).split())
