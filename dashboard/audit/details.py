"""The clauses after the verb: from what to what, what cal.com said, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from django.utils.formats import number_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.audit import action_labels, values
from dashboard.audit.models import AuditEntry

Action = AuditEntry.Action
Outcome = AuditEntry.Outcome

LONGEST = 200  # characters of a message; the rest is on the entry's own page
TOLD = ("slot_start", "held_until", "holder", "state")  # of a hold, in this order
MAKES_ONE = frozenset({Action.PLACE, Action.TAKE_IN})
FROM_WHERE = frozenset({Action.SIGN_IN, Action.SIGN_IN_FAILED, Action.DENIED})


class Answer(Protocol):
    """What a clause needs of a call."""

    @property
    def answered(self) -> bool: ...
    @property
    def milliseconds(self) -> int | None: ...


def slot(first: AuditEntry, closing: AuditEntry | None) -> str:
    """When the slot was that this was about, or nothing where no entry says so."""
    for told in (_before(first, closing), first.asked, closing.after if closing else {}):
        if start := values.moment(told.get("slot_start")):
            return values.day_and_minute(start, first.at)
    return ""


def of(first: AuditEntry, closing: AuditEntry | None, calls: Sequence[Answer]) -> Iterator[str]:
    """Every clause, in the order of reading."""
    yield from _about(first)
    yield from _changes(first, closing)
    if closing is not None:
        yield from _answers(closing, calls)
    yield from _asides(first, closing)


def silence(first: AuditEntry, last: AuditEntry) -> str:
    """What a finding says instead of an outcome."""
    time = values.minute(last.at, first.at)
    return _("no record after %(time)s") % {"time": time}


def _before(first: AuditEntry, closing: AuditEntry | None) -> dict[str, Any]:
    return {**first.before, **(closing.before if closing else {})}


def _about(first: AuditEntry) -> Iterator[str]:
    if username := first.asked.get("username"):
        yield str(username)
    if first.action == Action.DENIED:
        yield " ".join(str(first.asked[key]) for key in ("method", "path") if key in first.asked)


def _changes(first: AuditEntry, closing: AuditEntry | None) -> Iterator[str]:
    before, after = _before(first, closing), closing.after if closing else {}
    if first.action in MAKES_ONE or not (before and after):
        yield from _wish(first, after)
        return
    for key in _told(first, {**before, **after}):
        if key in before and key in after:
            change = values.change(key, before[key], after[key], near=first.at)
            arrow = _("%(before)s → %(after)s") % {"before": change.before, "after": change.after}
            if change.changed:
                yield arrow if key in TOLD else f"{change.label}: {arrow}"


def _told(first: AuditEntry, keys: dict[str, Any]) -> tuple[str, ...]:
    if "slot_start" not in keys:
        return tuple(values.in_order(keys))
    # That a released hold is released goes without saying.
    return TOLD[:-1] if first.action in (Action.RELEASE, Action.EXPIRE) else TOLD


def _wish(first: AuditEntry, after: dict[str, Any]) -> Iterator[str]:
    """What came into being, or would have: nothing was there before it."""
    told = {**first.asked, **after}
    if first.action == Action.MOVE and "slot_start" in told:
        yield _("to %(time)s") % {"time": values.shown("slot_start", told["slot_start"], first.at)}
    if told.get("held_until"):
        time = values.shown("held_until", told["held_until"], first.at)
        yield _("until %(time)s") % {"time": time}


def _answers(closing: AuditEntry, calls: Sequence[Answer]) -> Iterator[str]:
    if closing.outcome == Outcome.UNKNOWN:
        # Whoever finished this later for a process that died knows of no answer, nor of none.
        told = closing.answered_method or not calls
        yield _("cal.com did not answer") if told else _("no answer was recorded")
    elif closing.message and closing.status is not None and closing.outcome != Outcome.OK:
        yield _("cal.com: %(message)s") % {"message": _short(closing.message)}
    elif closing.message:
        yield _clause(closing.message)
    elif closing.outcome == Outcome.UNAVAILABLE and calls:
        yield _("cal.com could not be asked")
    elif answered := [call for call in calls if call.answered]:
        yield _took(len(answered), sum(call.milliseconds or 0 for call in answered))


def _took(count: int, milliseconds: int) -> str:
    words = ngettext(
        "cal.com answered in %(ms)s ms", "cal.com answered %(n)s calls in %(ms)s ms", count
    )
    return words % {"n": number_format(count), "ms": number_format(milliseconds)}


def _asides(first: AuditEntry, closing: AuditEntry | None) -> Iterator[str]:
    way = (closing.after.get("way") if closing else None) or first.asked.get("way")
    if way:
        yield values.shown("way", way)
    if reason := (closing.reason if closing else "") or first.reason:
        yield _("reason: %(reason)s") % {"reason": action_labels.reason(reason)}
    if first.action in FROM_WHERE and first.address:
        yield _("from %(address)s") % {"address": first.address}


def _clause(sentence: str) -> str:
    """A sentence of ours within another one. Its capital may be that of a name."""
    return _short(sentence.removesuffix("."))


def _short(message: str) -> str:
    return Truncator(message).chars(LONGEST)
