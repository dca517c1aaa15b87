"""Clauses of a timeline line after the verb: changes, the answer of cal.com, the reason."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _, ngettext

from dashboard.audit import action_labels, formatting, sanitize
from dashboard.audit.action_entries import ActionEntries, LoggedCall
from dashboard.audit.models import AuditEntry
from dashboard.audit.trail import Action, Kind, Outcome
from dashboard.localization import local_times, marking, stored_texts

MINUTE = timedelta(minutes=1)
MAX_MESSAGE = 200  # characters; the entry's own page has the whole message
# Shown of a hold, in this order.
HOLD_KEYS = ("event_type_id", "slot_start", "slot_duration", "held_until", "holder", "state")
CREATING = frozenset({Action.PLACE, Action.TAKE_IN})
SUCCESSES = range(200, 300)
UNANSWERED = "unanswered"  # error code of a call that was sent
UNREADABLE = frozenset({"not_json", "unknown_shape"})  # of answers whose message is not cal.com's
# Shown of what was done with the log itself.
LOG_KEYS: dict[str, tuple[str, ...]] = {
    Action.EXPORT: ("format", "filters", "first"),
    Action.VERIFY: ("compared", "fault", "fault_position", "fault_entry"),
    Action.CLIENT_CHANGED: ("fields",),
    Action.ERASE: ("former_client", "holds", "searches"),
    Action.PRUNE: ("before", "first", "last"),
    Action.SIGNATURES_RENEWED: ("last",),
    Action.SIGN_IN_UNLOCKED: ("address",),
}
WITH_ADDRESS = frozenset({Action.SIGN_IN, Action.SIGN_IN_FAILED, Action.DENIED})


def slot_time(action: ActionEntries) -> str:
    """Return the start of the slot that an action concerns; "" if no entry has one."""
    for columns in (action.before, action.asked, action.after):
        if start := formatting.parse_time(columns.get("slot_start")):
            return f"{local_times.day_and_year(start)} {local_times.slot_clock(start)}"
    return ""


def clauses(action: ActionEntries) -> Iterator[str]:
    """Yield every clause in reading order."""
    yield from change_clauses(action)
    if answer := answer_clause(action):
        yield answer
    yield from context_clauses(action)


def target(first: AuditEntry) -> str:
    """Return the person, calendar or file of an action, or method and path of a denied request."""
    if first.action == Action.DENIED:
        return " ".join(str(first.asked[key]) for key in ("method", "path") if key in first.asked)
    names = (first.asked.get(key) for key in ("username", "calendar", "file", "database"))
    return str(next(filter(None, names), ""))


def change_clauses(action: ActionEntries) -> Iterator[str]:
    """Yield "before → after" of each changed value; of a new hold its end."""
    first, before, after = action.first, action.before, action.after
    if first.action in CREATING or not (before and after):
        yield from result_clauses(action)
        return
    if before.get("slot_end") != after.get("slot_end"):
        before, after = with_length(before), with_length(after)
    for key in shown_keys(first, {**before, **after}):
        if key in before and key in after and before[key] != after[key]:
            old, new = formatting.before_and_after(key, before[key], after[key], near=first.at)
            if old != new:
                text = _("%(before)s → %(after)s") % {"before": old, "after": new}
                # A move changes two times, and minutes may be those of the slot or of the hold.
                is_unclear = (first.action, key) == (Action.MOVE, "held_until")
                is_clear = key in HOLD_KEYS and key not in formatting.MINUTE_KEYS and not is_unclear
                yield text if is_clear else f"{formatting.label(key)}: {text}"


def with_length(columns: dict[str, Any]) -> dict[str, Any]:
    """Add the length of the slot: it changes with that of the event type at cal.com."""
    start, end = (formatting.parse_time(columns.get(key)) for key in ("slot_start", "slot_end"))
    return {**columns, "slot_duration": (end - start) // MINUTE} if start and end else columns


def shown_keys(first: AuditEntry, keys: dict[str, Any]) -> tuple[str, ...]:
    """Return the keys to compare: a few of a hold, all of a person."""
    if "slot_start" not in keys:
        return tuple(formatting.sorted_keys(keys))
    # The verb already implies the state of a released or expired hold.
    return HOLD_KEYS[:-1] if first.action in (Action.RELEASE, Action.EXPIRE) else HOLD_KEYS


def result_clauses(action: ActionEntries) -> Iterator[str]:
    """Yield the target of a move and the end of the hold, achieved or asked for; LOG_KEYS."""
    first, result = action.first, {**action.asked, **action.after}
    for key in LOG_KEYS.get(first.action, ()):
        if result.get(key):
            yield f"{formatting.label(key)}: {formatting.display(key, result[key], first.at)}"
    if first.kind == Kind.EVENT and first.outcome == Outcome.REFUSED:
        # Often the minutes are what was wrong.
        for key in formatting.sorted_keys(formatting.MINUTE_KEYS & first.asked.keys()):
            if first.asked[key] is not None:
                yield f"{formatting.label(key)}: {formatting.display(key, first.asked[key])}"
    event_type = first.asked.get("event_type_id")
    if first.action == Action.MOVE and event_type not in (None, first.before.get("event_type_id")):
        yield _("to %(event_type)s") % {"event_type": formatting.event_type_of_whom(event_type)}
    if first.action == Action.MOVE and "slot_start" in result:
        time = formatting.display("slot_start", result["slot_start"], first.at)
        yield _("to %(time)s") % {"time": time}
    if result.get("held_until"):
        time = formatting.display("held_until", result["held_until"], first.at)
        yield _("until %(time)s") % {"time": time}


def answer_clause(action: ActionEntries) -> str:
    """Return the answer of cal.com, or the message of a refusal without a call; "" for neither.

    The message of a call without an answer is technical: the page of the entry has it.
    """
    closing, calls = action.closing, action.calls
    if closing is None:
        return ""
    known = action_labels.CODES.get(closing.error_code)
    if known and not closing.message and (not calls or closing.status in SUCCESSES):
        return str(known)
    if closing.outcome == Outcome.OK:
        return ""
    if closing.error_code in UNREADABLE:
        return _("cal.com's answer could not be read")
    if closing.status in SUCCESSES:  # of a look or a deletion, after the call that failed
        if closing.outcome == Outcome.UNKNOWN:
            return _("the result was not known yet")
        failed = last_failed(calls)
        return said_by_calcom(failed) if failed else ""
    if closing.status is not None:
        return said_by_calcom(closing)
    if closing.message and not closing.answered_method:
        message = stored_texts.translated(closing.message)
        text, is_known = shortened(message), message != closing.message
        shown = text if is_known else marking.in_english(text)  # of an older version
        return marking.filled(_("Holdfast: %(message)s"), message=shown)
    if not calls:
        return ""
    if closing.outcome == Outcome.UNAVAILABLE and closing.error_code != UNANSWERED:
        return _("cal.com could not be asked")
    if closing.answered_method:
        return _("cal.com did not answer")
    # A process that finishes an action for one that died cannot tell if an answer came.
    return _("no answer was recorded")


def client_clauses(first: AuditEntry, old: str | None, new: str | None) -> Iterator[str]:
    """Yield "before → after" where an action gave a hold to another client, by their names."""
    is_done = (first.action, first.outcome) == (Action.CLIENT_CHANGED, Outcome.OK)
    if is_done and old and new and old != new:
        before, after = marking.name(old), marking.name(new)
        yield marking.filled(_("%(before)s → %(after)s"), before=before, after=after)


def quoted(note: str) -> str:
    """Return what a person noted, in one line and in quotation marks."""
    return _("“%(note)s”") % {"note": shortened(sanitize.one_line(note, len(note)))}


def last_failed(calls: Sequence[LoggedCall]) -> AuditEntry | None:
    """Return the answer to the last call without success, None where it had no answer."""
    for call in reversed(calls):
        if call.answer is None or call.answer.status not in SUCCESSES:
            return call.answer
    return None


def said_by_calcom(entry: AuditEntry) -> str:
    """Return what cal.com answered: its own words, or else the status."""
    if entry.error_code == "rate_limited":
        return shortened(_("cal.com allows no more requests for the moment."))
    if not entry.message:
        return _("cal.com answered with status %(status)s") % {"status": entry.status}
    message = marking.in_english(shortened(entry.message))
    return marking.filled(_("cal.com: %(message)s"), message=message)


def shortened(message: str) -> str:
    text = message.removesuffix(".")
    return text if len(text) <= MAX_MESSAGE else Truncator(text).chars(MAX_MESSAGE)


def technical_clauses(action: ActionEntries) -> Iterator[str]:
    """Yield the time that cal.com took, whether it accepted, and the way of a change."""
    if answers := [call.answer for call in action.calls if call.answer]:
        is_change = any(call.asked.method != "GET" for call in action.calls if call.answer)
        text = ngettext(
            "cal.com took %(ms)s ms", "cal.com took %(ms)s ms for %(n)s calls", len(answers)
        )
        ms = sum(answer.milliseconds or 0 for answer in answers)
        took = text % {"ms": ms, "n": len(answers)}
        yield _("%(took)s and accepted") % {"took": took} if action.is_done and is_change else took
    if way := action.after.get("way") or action.asked.get("way"):
        yield formatting.display("way", way)


def context_clauses(action: ActionEntries) -> Iterator[str]:
    """Yield the reason of an action, unless its phrase tells it; the address of a sign-in."""
    first, reason = action.first, action.reason
    if circumstance := action_labels.CIRCUMSTANCES.get(reason):
        yield str(circumstance)
    elif reason and not action.is_noted_as_booked:
        yield _("reason: %(reason)s") % {"reason": action_labels.reason_label(reason)}
    if first.action in WITH_ADDRESS and first.address:
        yield _("from %(address)s") % {"address": first.address}
