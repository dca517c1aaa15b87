"""What there is to hold, for pages of other rooms to choose from."""

from __future__ import annotations

from dashboard.holds import availability
from dashboard.holds.desk.pick_form import describe


def event_types() -> list[tuple[int, str]]:
    """Number and name of each event type that cal.com lists; none where our key may not list."""
    return [(each.id, describe(each)) for each in availability.event_types()]
