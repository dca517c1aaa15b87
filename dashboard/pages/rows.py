"""Holds as pages show them: every value formatted once, for one viewer, above the template."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dashboard.calcom import Reservation
from dashboard.calcom_state import event_types
from dashboard.holds import hosts, messages, rules, safety
from dashboard.holds.change import Change, UnreadableChangeError
from dashboard.holds.message_table import REFUSALS
from dashboard.holds.models import Hold
from dashboard.holds.register import LOST_OR_GONE
from dashboard.localization import local_times, marking
from dashboard.pages.contact_links import link_of
from dashboard.pages.viewers import Viewer

State = Hold.State


class HoldRow:
    """One hold, ready to be shown to one viewer."""

    def __init__(self, hold: Hold, viewer: Viewer) -> None:
        is_mine = hold.holder_id == viewer.user.pk
        claimed = hold.is_claimed(viewer.now)
        is_quiet = not claimed and hold.change is None
        may_change = rules.is_allowed(hold, viewer.user)
        # Not known while the hold is being restored.
        is_known = claimed or hold.change is None
        ends = hold.held_until or hold.latest_end if is_known and not hold.has_ended else None
        self.pk = hold.pk
        self.url = f"{viewer.holds_url}{hold.pk}/"
        self.state = hold.state
        self.state_label, self.icon, self.css_state = _state_shown(hold, viewer, claimed=claimed)
        self.ends_iso = local_times.iso(ends.replace(microsecond=0)) if ends else ""
        self.ends_text = local_times.when(ends, viewer.now) if ends else ""
        self.ends_prefix = "" if hold.held_until else "≤ "
        self.slot_iso = local_times.iso(hold.slot_start)
        self.slot_day = local_times.day(hold.slot_start, viewer.now)
        self.slot_time = local_times.times(hold.slot_start, hold.slot_end, viewer.now)
        self.event_type = event_types.title_or_number(hold.event_type_id, hold.event_type_title)
        self.calendar = viewer.calendars.of_hold(hold)
        self.client = hold.client_name
        self.contact = hold.client_contact
        self.note = hold.note
        self.holder = _("you") if is_mine else str(hold.holder)
        self.holder_name = str(hold.holder)
        self.is_mine = is_mine
        self.may_change = may_change
        self.can_change = may_change and is_quiet and hold.state == State.HELD
        # There is something to ask cal.com about: see ``checks.load_checkable``.
        may_stand = hold.state in (State.HELD, State.UNCONFIRMED, State.GONE)
        self.can_check = is_quiet and may_stand and hold.reservation_uid is not None
        self.can_put_aside = may_change and hold.state in LOST_OR_GONE
        self.has_ended = hold.has_ended
        self.sentence = status_sentence(hold, viewer)
        self.version = hold.version
        self.search_text = hold.search_text

    @property
    def contact_link(self) -> str:
        """Return the address that calls or writes to the client, "" without one."""
        return link_of(self.contact)

    def __repr__(self) -> str:
        return repr(vars(self))  # which ETags of pages cover


def get_hold(pk: int) -> Hold:
    """Return one hold with the people that its row names. Raise Hold.DoesNotExist."""
    return Hold.objects.with_people().get(pk=pk)


def existing(pks: Iterable[int]) -> list[int]:
    """Return those primary keys that are of a hold, once each, in their order."""
    chosen = dict.fromkeys(pks)
    known = set(Hold.objects.filter(pk__in=chosen).values_list("pk", flat=True))
    return [pk for pk in chosen if pk in known]


def reservation_row(reservation: Reservation, title: str, viewer: Viewer) -> HoldRow:
    """Format a reservation that is not in the register like a hold."""
    live = reservation.reservation_until > viewer.cal_now
    unsaved = Hold(
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
    return HoldRow(unsaved, viewer)


def offer_badge(hold: Hold, viewer: Viewer) -> dict[str, Any] | None:
    """Return the badge of one hold of an offer, 1 of 3; None for one that stands alone."""
    place = viewer.register.places.get(hold.pk)
    if place is None:
        return None
    text = _("%(number)s of %(count)s") % {"number": place[0], "count": place[1]}
    return {"pk": hold.offer_id, "text": text, "url": reverse("offer", args=[hold.offer_id])}


def clash_sentence(hold: Hold, other: Hold, viewer: Viewer) -> SafeString:
    """Tell who is needed by another hold too, when, for whom and by whom it is held."""
    sentence = _("%(host)s is also held %(time)s for %(client)s (by %(holder)s).")
    if hosts.is_pooled(other):  # which takes one of several
        sentence = _("Too few hosts: %(time)s is also held for %(client)s (by %(holder)s).")
    return marking.filled(
        sentence,
        host=marking.name(hosts.shared_host(hold, other)),
        time=local_times.times(other.slot_start, other.slot_end, viewer.now),
        client=marking.name(other.client_name) if other.client_name else _("another client"),
        holder=_("you") if other.holder_id == viewer.user.pk else marking.name(other.holder),
    )


def status_sentence(hold: Hold, viewer: Viewer) -> str:
    """Explain a hold that is not simply held; "" for one that is."""
    if hold.is_claimed(viewer.now):
        if hold.claim_by_id == viewer.user.pk:
            return _("What you asked for is under way.")
        does = messages.VERBS.get(hold.claim_verb, messages.CHANGING)
        return marking.filled(f"%(who)s {does}.", who=marking.name(hold.claim_by or "Holdfast"))
    # The change of a lost or booked hold only deletes what is left at cal.com.
    if hold.change is not None and hold.state not in (State.LOST, State.BOOKED):
        try:
            return safety.not_confirmed_yet(hold, Change.from_json(hold.change), viewer.cal_now)
        except UnreadableChangeError:
            return messages.unreadable_change()
    if hold.state == State.UNCONFIRMED:
        why = _("It is not known if cal.com reserved this time.")
        if hold.reservation_uid is not None:
            why = " ".join([messages.unreadable_change(), _("Verify the hold with cal.com.")])
        return f"{why} {safety.unconfirmed(hold)}"
    if hold.state == State.LOST:
        return _("The time was given up to be changed, and could not be taken back.")
    if hold.state == State.GONE:
        return _("cal.com no longer had it before it was due to end.")
    if hold.state == State.BOOKED and not hold.is_booked_by_staff:
        return str(REFUSALS["lost_already_booked"].happened)
    return ""


def _state_shown(hold: Hold, viewer: Viewer, *, claimed: bool) -> tuple[str, str, str]:
    """Return the state's label, icon and CSS class."""
    if claimed and hold.state != State.PLACING:
        return _("being changed"), "changing", "changing"
    if hold.change is not None and hold.state != State.LOST:
        return _("being restored"), "changing", "changing"
    if hold.state == State.HELD:
        if hold.is_live(viewer.cal_now):
            return _("held"), "live", "live"
        return _("ran out"), "ended", "ended"
    if hold.state == State.PLACING:
        return hold.state_label, "asked", "changing"
    if hold.state == State.UNCONFIRMED:
        return hold.state_label, "asked", "trouble"
    if hold.state in (State.LOST, State.GONE):
        return hold.state_label, "trouble", "trouble"
    return hold.state_label, "ended", "ended"
