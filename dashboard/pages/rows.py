"""Holds as pages show them: every moment formatted once, above the template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from dashboard.accounts import roles
from dashboard.accounts.models import User
from dashboard.calcom import Reservation
from dashboard.holds import local_times, messages, rate_and_clock
from dashboard.holds.changes import Change, UnreadableChangeError
from dashboard.holds.models import Hold
from dashboard.holds.problems import Problem

State = Hold.State


@dataclass(frozen=True, slots=True)
class Row:
    """One hold, ready to be shown to one person."""

    pk: int
    url: str
    state: str
    word: str
    icon: str
    tone: str
    ends_iso: str
    ends_text: str
    ends_prefix: str
    slot_iso: str
    slot_day: str
    slot_time: str
    event_type: str
    client: str
    contact: str
    note: str
    holder: str
    mine: bool
    acts: bool
    sentence: str
    version: int


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom rows are made, and when: on our clock, and on cal.com's."""

    user: User
    is_admin: bool
    now: datetime
    at: datetime
    base: str  # the address that a hold's number is appended to

    @classmethod
    def of(cls, user: User, now: datetime, at: datetime | None = None) -> Viewer:
        """``at`` is looked up where it is not known."""
        base = reverse("hold", args=[0]).removesuffix("0/")
        return cls(user, roles.is_admin(user), now, at or rate_and_clock.cal_now(now), base)


def row_of(hold: Hold, viewer: Viewer) -> Row:
    """One hold as a row."""
    mine = hold.holder_id == viewer.user.pk
    claimed = hold.is_claimed(viewer.now)
    word, icon, tone = _face(hold, viewer, claimed=claimed)
    ends = _ends(hold, claimed=claimed)
    return Row(
        pk=hold.pk,
        url=f"{viewer.base}{hold.pk}/",
        state=hold.state,
        word=word,
        icon=icon,
        tone=tone,
        ends_iso=iso(ends) if ends else "",
        ends_text=local_times.clock(ends) if ends else "",
        ends_prefix="" if hold.held_until else "≤ ",
        slot_iso=iso(hold.slot_start),
        slot_day=local_times.day(hold.slot_start),
        slot_time=local_times.times(hold.slot_start, hold.slot_end),
        event_type=hold.event_type_title or _("Event type %(id)s") % {"id": hold.event_type_id},
        client=hold.client_name,
        contact=hold.client_contact,
        note=hold.note,
        holder=_("you") if mine else str(hold.holder),
        mine=mine,
        acts=(mine or viewer.is_admin)
        and hold.state == State.HELD
        and not claimed
        and hold.change is None,
        sentence=sentence(hold, viewer),
        version=hold.version,
    )


def _ends(hold: Hold, *, claimed: bool) -> datetime | None:
    """Until when it is held, or may be; not of one that has ended, or is nobody knows where."""
    unsettled = hold.change is not None and not claimed
    return None if hold.has_ended or unsettled else hold.held_until or hold.latest_end


def reservation_row(reservation: Reservation, title: str, viewer: Viewer) -> Row:
    """A reservation that the register does not know, in the same form."""
    live = reservation.reservation_until > viewer.at
    stranger = Hold(
        pk=0,
        state=State.HELD if live else State.EXPIRED,
        holder=viewer.user,
        event_type_id=reservation.event_type_id,
        event_type_title=title,
        slot_start=reservation.slot_start,
        slot_end=reservation.slot_end,
        held_until=reservation.reservation_until,
        ended_at=None if live else reservation.reservation_until,
    )
    return row_of(stranger, viewer)


def problem_for(problem: Problem, viewer: Viewer) -> dict[str, Any]:
    """A problem with the holds in the way as rows."""
    return {
        "happened": problem.happened,
        "safe": problem.safe,
        "what_now": problem.what_now,
        "details": problem.details,
        "wait": problem.wait,
        "others": [row_of(hold, viewer) for hold in problem.others],
    }


def sentence(hold: Hold, viewer: Viewer) -> str:
    """What there is to know of a hold that is not simply held."""
    if hold.is_claimed(viewer.now):
        who = hold.claim_by or "Holdfast"
        return f"{who} {messages.VERBS.get(hold.claim_verb, '')}."
    if hold.change is not None and hold.state != State.LOST:  # what is lost is only tidied up
        return _being_restored(hold, viewer)
    if hold.state == State.UNCONFIRMED and hold.latest_end:
        return " ".join([_why_unconfirmed(hold), messages.perhaps_held(hold.latest_end)])
    if hold.state == State.LOST:
        return _("The time was taken by someone else while the hold was being changed.")
    if hold.state == State.GONE:
        return _("cal.com no longer had it before it was due to end.")
    return ""


def _being_restored(hold: Hold, viewer: Viewer) -> str:
    try:
        settled_by = Change.from_json(hold.change).settled_by
    except UnreadableChangeError:
        return messages.unreadable_change()
    return messages.being_restored(hold, max(settled_by, viewer.now))


def _why_unconfirmed(hold: Hold) -> str:
    if hold.reservation_uid is None:
        return _("cal.com did not answer.")
    return " ".join([messages.unreadable_change(), _("Check the hold at cal.com.")])


def iso(moment: datetime) -> str:
    """UTC to the millisecond, as scripts in pages read it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _face(hold: Hold, viewer: Viewer, *, claimed: bool) -> tuple[str, str, str]:
    """Word, icon and tone."""
    if claimed and hold.state != State.PLACING:
        return _("being changed"), "changing", "changing"
    if hold.change is not None and hold.state != State.LOST:
        return _("being restored"), "changing", "changing"
    if hold.state == State.HELD:
        if hold.is_live(viewer.at):
            return _("held"), "live", "live"
        return _("ran out"), "ended", "ended"
    if hold.state == State.PLACING:
        return hold.get_state_display(), "asked", "changing"
    if hold.state == State.UNCONFIRMED:
        return hold.get_state_display(), "asked", "trouble"
    if hold.state in (State.LOST, State.GONE):
        return hold.get_state_display(), "trouble", "trouble"
    return hold.get_state_display(), "ended", "ended"
