"""Offers as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from dashboard.holds import offers
from dashboard.holds.models import Hold
from dashboard.pages import rows
from dashboard.pages.rows import Row, Viewer


@dataclass(frozen=True, slots=True)
class Tag:
    """That a hold is one of several."""

    pk: int
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An offer, ready to be shown to one person."""

    pk: int
    url: str
    client: str
    contact: str
    rows: Sequence[Row]  # earliest slot first, ended ones included
    is_open: bool  # whether there is something to decide
    add_url: str  # "" where it is full, or not theirs to add to
    release_all_url: str  # "" where nothing is theirs to release


def tag(offer_id: int, number: int, count: int) -> Tag:
    """1 of 3"""
    text = _("%(number)s of %(count)s") % {"number": number, "count": count}
    return Tag(offer_id, text, reverse("offer", args=[offer_id]))


def tag_of(hold: Hold) -> Tag | None:
    """The same for one hold; None for one that stands alone."""
    if hold.offer_id is None or hold.has_ended:
        return None
    together = offers.still_open(hold.offer_id).values_list("pk", "offer")
    place = offers.places(together).get(hold.pk)
    return tag(hold.offer_id, *place) if place else None


def shown(offer_id: int, viewer: Viewer) -> Shown | None:
    """An offer with all its holds; None where there is none."""
    holds = list(offers.of(offer_id))
    if not holds:
        return None
    made = [rows.row_of(hold, viewer) for hold in holds]
    still_open = [hold for hold in holds if not hold.has_ended]
    acting = [row for row in made if row.acts]
    joins = offers.is_theirs(offer_id, viewer.user) and len(still_open) < offers.MOST
    query = "&".join(f"hold={row.pk}" for row in acting)
    first = min(holds, key=lambda hold: hold.pk)
    return Shown(
        pk=offer_id,
        url=reverse("offer", args=[offer_id]),
        client=first.client_name,
        contact=first.client_contact,
        rows=made,
        is_open=bool(acting),
        add_url=f"{reverse('place')}?offer={offer_id}" if joins else "",
        release_all_url=f"{reverse('release-many')}?{query}" if acting else "",
    )
