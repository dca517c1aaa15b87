"""Every failure of a verb: what happened, is my hold safe, what now, HTTP status, outcome.

REFUSALS are refusals by Holdfast itself, CALLS are failed calls to cal.com. Texts are translated
and filled with values in ``messages``.
"""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _, ngettext_lazy

from dashboard.audit.trail import Outcome
from dashboard.calcom import Cause
from dashboard.holds.problems import Message, Text

ANOTHER_TIME = _("Choose another time.")
HOLD_AGAIN = _("Hold the time again if the client still wants it.")
ASK_ADMIN = _("Ask an Admin.")
NOTHING_CHANGED = _("Nothing was changed.")
NOTHING_SENT = _("Nothing was changed, neither here nor at cal.com.")
NOT_STARTED = _("Your change was not started.")
VERIFY = _("Verify it with cal.com, then decide again.")
WAIT = _("Wait: this page says by itself when it is certain.")
LEFT_ALONE = _("The client may be left without an appointment.")


def question(asked: Text, what_now: Text, cause: str = "") -> Message:
    safe = _("Nothing was held or changed yet.")
    return Message(asked, safe, what_now, cause=cause)


def taken(happened: Text) -> Message:
    return Message(happened, "", ANOTHER_TIME)


def denied(happened: Text, what_now: Text, field: str = "") -> Message:
    return Message(happened, NOTHING_CHANGED, what_now, status=403, field=field)


def not_done(happened: Text, what_now: Text) -> Message:
    return Message(happened, "", what_now, status=503, outcome=Outcome.UNAVAILABLE)


def of_event_type(happened: Text, what_now: Text) -> Message:
    return Message(happened, "", what_now, status=422, field="event_type_id")


BROKEN_RULE = Message(
    _("This cannot be done as entered."),
    NOTHING_SENT,
    _("Fix the highlighted fields and try again."),
    status=422,
    cause="our_rule",
)


def broken_rule(field: str, beside: Text) -> Message:
    return replace(BROKEN_RULE, field=field, beside=beside)


LOST = Message(
    _("The hold is lost: it was released to be taken again, and cal.com refused."),
    _("This hold keeps no time any more."),
    _("The time may still be free: try to hold it again at once."),
    cause="lost",
)
TAKEN = replace(LOST, what_now=_("Tell the client and offer another time."))
BOOKED = replace(
    LOST,
    safe=_("The hold has ended as booked."),
    what_now=_("See at cal.com who booked it. If it was someone else, offer another time."),
    cause="booked",
)

REFUSALS: dict[str, Message] = {
    "our_rule": BROKEN_RULE,
    "same_time": broken_rule(
        "slot_start", _("The hold already has this time. Extend it to keep it longer.")
    ),
    "how_long": broken_rule("reservation_duration", _("Enter the minutes from now.")),
    "would_shorten": broken_rule(
        "reservation_duration",
        _("The hold already stands until %(until)s (%(zone)s); this would shorten it."),
    ),
    "longest": Message(
        _("A hold lasts at most %(most)s minutes from now."),
        "",
        _("Extend it by less, or again later."),
        status=422,
        cause="our_rule",
    ),
    "no_offer": broken_rule(
        "offer", _("This offer does not exist, or none of its times was ever held.")
    ),
    "not_yours": denied(
        _("This hold belongs to %(holder)s."), _("Ask %(holder)s or an Admin to do it.")
    ),
    "admins_only": denied(_("Only Admins may do this."), ASK_ADMIN),
    "not_your_calendar": denied(
        _("You may not hold for %(calendar)s."), ASK_ADMIN, "event_type_id"
    ),
    "calendar_paused": Message(
        _("%(calendar)s is paused and takes no new holds."),
        NOTHING_CHANGED,
        _("Choose another event type, or ask an Admin."),
        field="event_type_id",
    ),
    # Asked back: the person may confirm.
    "not_offered": question(_("cal.com does not offer this time."), LEFT_ALONE),
    "more_than_hosts": question(
        _("Holds of this time already: %(count)s. Clients that its hosts can see: %(hosts)s."),
        LEFT_ALONE,
    ),
    "host_busy": question(
        _("%(host)s is held at this time already."), _("One person cannot see two clients at once.")
    ),
    "hosts_used_up": question(
        _("Other holds of this time need all hosts of this event type."), LEFT_ALONE, "host_busy"
    ),
    # Refused because of another request, or because of the time that others took.
    "being_changed": Message(
        _("%(who)s %(does)s right now."),
        NOT_STARTED,
        _("Wait a few seconds, open the hold again, then decide."),
    ),
    "former_client_in_use": Message(
        _("A hold that was once for this client is being changed right now."),
        NOTHING_CHANGED,
        _("Wait a few seconds, then erase again."),
        cause="being_changed",
    ),
    "being_restored": Message(
        _("An earlier change of this hold was interrupted and is being finished."),
        NOT_STARTED,
        _("Wait until this page says that it is settled, then try again."),
    ),
    "being_asked": Message(
        _("%(who)s is asking cal.com for this time right now."),
        NOTHING_SENT,
        _("Wait a few seconds and try again, or choose another time."),
    ),
    "being_decided": Message(
        _("%(who)s is deciding on this offer right now."),
        NOT_STARTED,
        _("Wait a few seconds and open the offer again."),
    ),
    "took_too_long": Message(
        _("This took too long and was stopped."),
        _("Holdfast is checking the result with cal.com."),
        _("Wait until this page says that it is settled."),
        status=503,
        outcome=Outcome.UNKNOWN,
    ),
    "no_time": not_done(
        _("The earlier ones took too long, so this one was not started."), _("Try again.")
    ),
    "rate_limited": not_done(
        _("Too few requests to cal.com are left for this at the moment."),
        ngettext_lazy(
            "Try again in %(seconds)s second.", "Try again in %(seconds)s seconds.", "seconds"
        ),
    ),
    "changed_meanwhile": Message(
        _("The hold was changed after you opened this page."),
        "",
        _("See how it is now, then decide again."),
    ),
    "changed_outside": Message(
        _("At cal.com this hold differs from what is shown here."),
        _("Nothing was released."),
        VERIFY,
    ),
    "has_ended": Message(_("This hold has already ended: %(state)s."), NOTHING_CHANGED, HOLD_AGAIN),
    "not_lost": Message(
        _("Only a lost, gone or released hold can be put aside; this one is %(state)s."),
        NOTHING_CHANGED,
        _("Open the hold to see what can be done."),
    ),
    "ran_out": Message(
        _("This reservation ran out (%(until)s, %(zone)s)."),
        NOTHING_CHANGED,
        HOLD_AGAIN,
        cause="has_ended",
    ),
    "not_confirmed": Message(
        _("cal.com never confirmed this hold, so it cannot be verified or changed."),
        "",
        _("Wait until it is certain, or look the reservation up if you know its uid."),
    ),
    "unreadable_change": Message(
        _("The record of an earlier change cannot be read."), "", VERIFY, cause="not_confirmed"
    ),
    "offer_is_full": Message(
        _("This offer already has %(most)s times, the maximum."),
        NOTHING_SENT,
        _("Release one of them first."),
    ),
    "too_many_clients": Message(
        _("The client of a hold can be changed %(most)s times at most."),
        NOTHING_CHANGED,
        _("Write it in the note, or release the hold and hold the time again."),
    ),
    "not_in_offer": Message(
        _("This hold is not part of the offer."),
        NOTHING_CHANGED,
        _("Open the offer again, then decide."),
    ),
    "retake_needed": Message(
        _("cal.com does not let this hold be changed while it lasts."),
        "",
        _(
            "You may release it and take it again at once. In between someone else can take the "
            "time; then it is lost."
        ),
    ),
    "lost": LOST,
    "lost_already_reserved": replace(
        TAKEN, happened=_("The hold is lost: during the change the time was reserved at cal.com.")
    ),
    "lost_already_booked": replace(
        BOOKED, happened=_("The time is booked at cal.com, perhaps by your client.")
    ),
    "lost_no_seats": replace(
        BOOKED, happened=_("All seats are booked at cal.com, perhaps one by your client.")
    ),
}

UNANSWERED = Message(_("cal.com did not answer."), "", WAIT, status=503, outcome=Outcome.UNKNOWN)

# Failed calls by cause, see calcom/errors.py. The outcome is the one of a call that writes.
CALLS: dict[str, Message] = {
    Cause.NOT_RELATED: of_event_type(
        _("cal.com refused: the key may not hold this event type."),
        _("Choose another event type, or tell the operator that the key may not use it."),
    ),
    Cause.UNKNOWN_EVENT_TYPE: of_event_type(
        _("cal.com knows no event type with this number."),
        _("Check the number, or choose another event type."),
    ),
    Cause.UNKNOWN_RESERVATION: Message(_("cal.com no longer has this hold."), "", HOLD_AGAIN),
    Cause.ALREADY_RESERVED: taken(_("This time is already reserved at cal.com.")),
    Cause.ALREADY_BOOKED: taken(_("This time is already booked at cal.com.")),
    Cause.NO_SEATS: taken(_("This time is full: no seats are left.")),
    Cause.NO_HOSTS: of_event_type(
        _("This event type has no hosts at cal.com, so it cannot be held."),
        _("Choose another event type, or tell the person who manages cal.com."),
    ),
    Cause.WRONG_DURATION: Message(
        _("cal.com does not offer this length for the event type."),
        "",
        _("Leave the length empty: this event type has only one."),
        status=422,
        field="slot_duration",
    ),
    Cause.INVALID: Message(
        _("cal.com did not accept what was sent."), "", BROKEN_RULE.what_now, status=422
    ),
    Cause.OTHER_REFUSAL: Message(
        _("cal.com refused for an unknown reason."),
        "",
        _("Read the details below; try again, or tell the operator."),
        status=422,
    ),
    Cause.KEY_REJECTED: not_done(
        _("cal.com does not accept the key."),
        _("Tell the operator: the cal.com key is wrong, expired or revoked."),
    ),
    Cause.RATE_LIMITED: replace(
        REFUSALS["rate_limited"], happened=_("cal.com allows no more requests for the moment.")
    ),
    Cause.WRONG_ROUTE: not_done(
        _("cal.com does not know the address that was asked."),
        _("Tell the operator: the address or the version of cal.com is wrong."),
    ),
    Cause.NOT_SENT: not_done(
        _("cal.com cannot be reached."),
        _("Try again in a moment; if it goes on, tell the operator."),
    ),
    Cause.UNANSWERED: UNANSWERED,
    # Any 5xx: cal.com's own, or that of a proxy before it.
    Cause.SERVER_FAULT: replace(UNANSWERED, happened=_("cal.com's server answered with an error.")),
    Cause.NOT_JSON: replace(UNANSWERED, happened=_("cal.com's answer could not be read.")),
    Cause.UNKNOWN_SHAPE: replace(UNANSWERED, happened=_("cal.com's answer has an unknown format.")),
}

# A 422 with Cause.NO_HOSTS: there are hosts, but none has this time. Without any it is a 400.
NO_HOST_FREE = taken(_("None of the hosts of this event type is free at this time."))
# An UNKNOWN_EVENT_TYPE of an extension, whose form has no event type.
EVENT_TYPE_IS_GONE = of_event_type(
    _("cal.com no longer has the event type of this hold."),
    _("Move the hold to another event type before it ends."),
)
# A WRONG_DURATION that names what is offered.
OFFERED_LENGTHS = _("Choose a length that the event type offers: %(lengths)s minutes.")
# An ALREADY_RESERVED of a seated event type.
ONE_HOLD_A_TIME = Message(
    _("This time is already reserved. cal.com keeps one hold a time, even if seats are left."),
    "",
    _("Choose another time, or wait until the other hold has ended."),
)
