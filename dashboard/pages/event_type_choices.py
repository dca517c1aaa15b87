"""What there is to hold, for pages of other rooms to choose from."""

from __future__ import annotations

from dashboard.holds import event_types
from dashboard.pages.pick_form import describe


def choices() -> list[tuple[int, str]]:
    """Number and name of each event type that cal.com lists; none where our key may not list."""
    return [(each.id, describe(each)) for each in event_types.event_types()]
