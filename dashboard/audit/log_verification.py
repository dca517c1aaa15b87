"""Verify the audit log for people: whole, or in parts that a request has time for.

Each verification is an entry itself, where the database takes writes; the last one tells the page
what was verified when.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from django.db import DatabaseError
from django.db.models import Max, Min
from django.utils.translation import gettext as _

from dashboard.audit import checkpoints, index_verification, trail
from dashboard.audit.action_labels import SYSTEM_LABEL, is_by_system
from dashboard.audit.chain_verification import BEGIN, LogFault, Verification, in_order, in_parts
from dashboard.audit.checkpoints import Checkpoint
from dashboard.audit.models import AuditEntry, AuditLink
from dashboard.audit.rollups import MAX_ID
from dashboard.audit.trail import Action, Actor, Outcome

REQUEST_SECONDS = 5.0  # of one verification from the page
LATE = timedelta(hours=1)  # longer than two entries written at once can differ, by their clocks too
CHECKPOINTS, INDEXES = "checkpoints", "indexes"  # what a verification can compare, too
FOUND_IN = dict.fromkeys(("action", "text", "counts", "words"), INDEXES)
FOUND_IN["checkpoint"] = CHECKPOINTS
VERIFIED = ("at", "action", "actor_id", "actor_name", "asked", "after")  # columns


@dataclass(frozen=True, slots=True)
class Verified:
    """Result of the last verification: positions ``first`` to ``last``, out of ``total``."""

    entry_id: int
    at: datetime
    actor_name: str
    first: int = 0
    last: int = 0
    last_hash: str = ""
    total: int = 0
    fault: str = ""  # a sentence
    fault_kind: str = ""
    unresolved: tuple[int, ...] = ()  # verifications whose faults were not looked for since

    @property
    def is_whole(self) -> bool:
        return not self.fault and self.last >= self.total


class UnrecordedError(DatabaseError):
    """A verification whose result the database did not take; the message is for people."""

    def __init__(self, found: Verification) -> None:
        said = _("Entries %(first)s to %(last)s: none was changed, removed or inserted.")
        said %= {"first": found.first, "last": found.last}
        unrecorded = _("This result could not be recorded.")
        super().__init__(f"{sentence(found.fault) if found.fault else said} {unrecorded}")


def verify_whole(
    kept: Sequence[Checkpoint] = (),
    *,
    with_derived: bool = False,
    progress: Callable[[int], None] = lambda _position: None,
) -> Verification:
    """Verify the log from the first entry that is kept to the last, without recording the result.

    ``progress`` is given each position that was reached. Compares it with checkpoints that were
    kept, and with what is derived from the entries: actions, counts and text index.
    """
    found = with_listed(verify_from(verify=partial(in_parts, progress)))
    if found.fault:
        return found
    if kept := checkpoints.comparable(kept):
        found = replace(found, compared=(CHECKPOINTS,))
        if other := checkpoints.contradicted(kept):
            contradiction = LogFault("checkpoint", other.position, None)
            return replace(
                found, last=BEGIN[0], last_hash=BEGIN[1], is_whole=False, fault=contradiction
            )  # no entry is proven
    if with_derived:
        found = replace(found, compared=(*found.compared, INDEXES))
        if fault := index_verification.fault():
            found = replace(found, fault=fault, is_whole=False)
    return found


def verify_part(*, by: Actor | None, now: datetime) -> Verification:
    """Verify as much as a request has time for, from where the last verification stopped.

    Raises UnrecordedError.
    """
    last, end = latest(), time.monotonic() + REQUEST_SECONDS
    is_part = last is not None and not last.is_whole and not last.fault
    place = (last.last, last.last_hash) if last and is_part else BEGIN
    found = verify_from(place, partial(in_order, is_due=lambda: time.monotonic() > end))
    found = with_listed(found)
    try:
        return record(found, by=by, now=now)
    except DatabaseError as error:
        raise UnrecordedError(found) from error


def with_listed(found: Verification) -> Verification:
    """Look for each action of the entries that were verified in the list of actions.

    Who may write to the database can remove an action from the list, and leave its entries.
    """
    if found.fault or not found.count:
        return found
    ids = AuditLink.objects.filter(position__range=(found.first, found.last))
    ends = ids.aggregate(first=Min("entry_id"), last=Max("entry_id"))
    first = -MAX_ID if found.first == checkpoints.start()[0] + 1 else ends["first"] or 0
    last = MAX_ID if found.is_whole else ends["last"] or 0
    fault = index_verification.listing_fault(first, last)
    return replace(found, fault=fault, is_whole=found.is_whole and fault is None)


def verify_from(
    place: tuple[int, str] = BEGIN,
    verify: Callable[[tuple[int, str]], Verification] = in_order,
) -> Verification:
    """Verify from a position, whose hash was known, or from the first entry that is kept.

    Begins again where retention deleted what was being read.
    """
    while True:
        begin = checkpoints.start()
        found = verify(max(begin, place))
        forged = checkpoints.prune_fault()
        if forged or found.fault is None or begin == checkpoints.start():
            newest = AuditEntry.objects.newest_first().only("at").first()
            fault = forged or found.fault or order_fault(newest)
            return replace(found, fault=fault, is_whole=found.is_whole and fault is None)


def order_fault(earlier: AuditEntry | None) -> LogFault | None:
    """Return a fault if the last entry has a lower id than one from long before, or None.

    Pages list by id, so an entry after a sequence was set back would not be among the newest.
    """
    links = AuditLink.objects.order_by("-position").values_list("position", "entry_id")
    position, entry_id = links.first() or (0, None)
    # SQLite stores a text in any column, which the chain finds.
    if earlier is None or not isinstance(entry_id, int) or entry_id >= earlier.pk:
        return None
    last = AuditEntry.objects.only("at").filter(pk=entry_id).first()
    if last is None or last.at - earlier.at < LATE:
        return None
    return LogFault("order", position, entry_id)


def record(verification: Verification, *, by: Actor | None, now: datetime) -> Verification:
    """Write the audit entry of a verification, and return the verification."""
    after: dict[str, object] = {
        "last": verification.last,
        # What others wrote meanwhile does not make a whole verification a part.
        "total": verification.last if verification.is_whole else max(total(), verification.last),
        "hash": verification.last_hash,
    }
    if earlier := unresolved(verification.compared):
        after["unresolved"] = earlier
    if fault := verification.fault:
        after |= {
            "fault": fault.kind,
            "fault_position": fault.position,
            "fault_entry": fault.entry_id,
        }
    asked: dict[str, object] = {"first": verification.first}
    if verification.compared:
        asked["compared"] = verification.compared
    trail.event(
        action=Action.VERIFY,
        by=by,
        outcome=Outcome.REFUSED if fault else Outcome.OK,
        now=now,
        asked=asked,
        after=after,
    )
    return verification


def unresolved(compared: Sequence[str]) -> list[int]:
    """Return the entries of verifications whose faults one that compared this did not look for."""
    if (last := latest()) is None:
        return []
    found = [*earlier_faults(last), last]
    return [
        each.entry_id
        for each in found
        if each.fault_kind in FOUND_IN and FOUND_IN[each.fault_kind] not in compared
    ]


def earlier_faults(verified: Verified) -> list[Verified]:
    """Return the verifications with faults that this one and those between did not look for."""
    if not verified.unresolved:
        return []
    entries = AuditEntry.objects.filter(action=Action.VERIFY, pk__in=verified.unresolved)
    return [read(entry) for entry in entries.only(*VERIFIED).order_by("id")]


def end(now: datetime) -> Checkpoint:
    """Return what a checkpoint would say now, for people who read it out.

    Its position is 0 for an empty log, and where the last link cannot be read.
    """
    try:
        return checkpoints.latest(now)
    except DatabaseError:  # SQLite stores what is no text in any column
        return Checkpoint("", *BEGIN)


def total() -> int:
    """Return the position of the last link, which is their number; 0 for an empty log."""
    return AuditLink.objects.order_by("-position").values_list("position", flat=True).first() or 0


def latest() -> Verified | None:
    """Return the last verification; None before the first one."""
    verifications = AuditEntry.objects.filter(action=Action.VERIFY)
    entry = verifications.only(*VERIFIED).newest_first().first()
    if entry is None:
        return None
    misplaced = order_fault(entry)
    verified = read(entry)
    return replace(verified, fault=sentence(misplaced)) if misplaced else verified


def read(entry: AuditEntry) -> Verified:
    """Return the result of the verification that an entry records."""
    name = str(SYSTEM_LABEL) if is_by_system(entry) else entry.actor_name
    verified = Verified(entry.pk, entry.at, name)
    # The next verification begins anew and finds it.
    unreadable = replace(verified, fault=_("The entry of the last verification cannot be read."))
    found = entry.after
    try:
        fault = LogFault(
            str(found.get("fault", "")), found.get("fault_position"), found.get("fault_entry")
        )
        verified = replace(
            verified,
            first=int(entry.asked["first"]),
            last=int(found["last"]),
            last_hash=found["hash"],
            total=int(found["total"]),
            fault=sentence(fault) if fault.kind else "",
            fault_kind=fault.kind,
            unresolved=tuple(map(int, found.get("unresolved", ()))),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return unreadable
    is_hash = isinstance(found["hash"], str)
    return verified if is_hash and max(verified.unresolved, default=0) <= MAX_ID else unreadable


def sentence(fault: LogFault) -> str:
    """Return what was done to the log."""
    texts = {
        "changed": _("Entry %(entry)s was changed after it was written."),
        "removed": _("Entries are missing or moved at position %(position)s, entry %(entry)s."),
        "inserted": _("Entry %(entry)s was not written by Holdfast: it is not in the chain."),
        "broken": _("The chain was changed at position %(position)s, of entry %(entry)s."),
        "unlisted": _(
            "The list of actions misses that of entry %(entry)s, or has one that no entry began."
            " The entries themselves are intact."
        ),
        "action": _(
            "What the list of actions says of that of entry %(entry)s differs from its entries."
        ),
        "counts": _("The counts of the pictures differ from the entries."),
        "text": _("The text by which entry %(entry)s is found differs from the entry."),
        "words": _("An index of the database does not find every entry."),
        "checkpoint": _(
            "At position %(position)s the log is not the one of a checkpoint that was kept: its end"
            " was cut off, an older copy was restored, or the chain was computed anew."
        ),
        "forged": _(
            "The record that entries up to position %(position)s were removed by retention is not"
            " signed with this site's SECRET_KEY. If the operator changed that key, “manage.py"
            " audit_renew_signatures” signs it anew."
        ),
        "order": _(
            "Entry %(entry)s has a lower number than earlier ones, so the log lists it behind"
            " them: the numbers of the database were set back. No entry is lost. The operator can"
            " set them forward with “manage.py sqlsequencereset dashboard”, as the README says."
        ),
    }
    return texts[fault.kind] % {"entry": fault.entry_id, "position": fault.position}
