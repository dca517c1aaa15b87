"""Retention: delete the oldest entries, up to a signed record of where the chain begins then.

Only whole actions are deleted, from the first entry on, older than a moment and verified before. A
record (:class:`AuditPrune`) permits it and is committed first; then entries, links and indexed
texts are deleted in small transactions. The next run continues one that was killed. The counts of
the pictures stay.
"""

import time
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from dashboard.audit import action_sql, checkpoints, log_verification, text_index, trail
from dashboard.audit.chain_verification import BEGIN, in_order
from dashboard.audit.checkpoints import Checkpoint, RenewedSignature
from dashboard.audit.models import AuditEntry, AuditLink, AuditPrune
from dashboard.audit.trail import Action, Actor, Kind
from dashboard.audit.triggers import LINKS, TABLE
from dashboard.localization import local_times

LEAST_AGE = timedelta(days=90)  # of an entry that may be deleted, whatever the policy is
BATCH = 500  # entries that are read, or deleted in one transaction, for which others wait
ANY_NUMBER = 2**63
PAUSE = 0.1  # seconds between two of them: a waiting writer of SQLite looks so often
MEMBERS = f"SELECT entry_id FROM {LINKS} WHERE position > %(after)s AND position <= %(last)s"
DELETIONS = (
    f"DELETE FROM {text_index.ENTRIES} WHERE rowid IN ({MEMBERS})",
    f"DELETE FROM {action_sql.ACTIONS} WHERE id IN ({MEMBERS})",
    f"DELETE FROM {TABLE} WHERE id IN ({MEMBERS})",
    f"DELETE FROM {LINKS} WHERE position >= %(after)s AND position < %(last)s",
)


class RetentionError(Exception):
    """Refusal to delete; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Removable:
    """Positions that may be deleted: after ``after`` to ``last``, the latest written ``until``.

    ``obstacle`` is the entry of an open hold or action at which the range had to end, or None.
    ``has_more`` is True if it ended because it was long enough.
    """

    after: int
    last: int
    hash: str
    until: datetime | None
    obstacle: int | None
    has_more: bool

    @property
    def first(self) -> int:
        return self.after + 1

    @property
    def count(self) -> int:
        return self.last - self.after


class LinkedEntry(NamedTuple):
    """An entry with its link in the chain, and the state of its hold, None without one."""

    position: int
    link_hash: str
    pk: int
    at: datetime
    kind: str
    action_id: uuid.UUID
    hold_state: str | None


def cutoff(before: date | None, now: datetime) -> datetime:
    """Return the start of a day in the office, or of what AUDIT_RETENTION_DAYS keeps.

    Raises RetentionError without either, and for a day that is too near.
    """
    days = settings.AUDIT_RETENTION_DAYS
    if before is None and not days:
        raise RetentionError(_("Give a day, or set AUDIT_RETENTION_DAYS."))
    if before is None:
        return now - timedelta(days=days)
    start = local_times.office_midnight(before)
    if start > now - LEAST_AGE:
        raise RetentionError(_("The last %(n)s days always stay.") % {"n": LEAST_AGE.days})
    return start


def removable(
    before: datetime, open_states: Collection[str], most: int = ANY_NUMBER, *, now: datetime
) -> Removable:
    """Return the longest range of whole actions written before a moment, of ``most`` positions.

    It ends before the first entry of an action that has no outcome or whose hold is open. An entry
    ahead of ``now``, which a wrong clock wrote, is removed with an old one that follows it.
    """
    record = checkpoints.latest_prune()
    after, link = (record.position, record.hash) if record else BEGIN
    last, until, latest = after, None, None
    unfinished: dict[uuid.UUID, int] = {}  # actions to the key of their first entry
    obstacle, has_more = None, False
    for entry in entries_after(after):
        if entry.position - after > most:
            has_more = True
            break
        if before <= entry.at <= now:
            obstacle = next(iter(unfinished.values()), None)
            break
        if entry.hold_state in open_states:
            obstacle = entry.pk
            break
        if entry.kind == Kind.INTENT:
            unfinished[entry.action_id] = entry.pk
        elif entry.kind == Kind.OUTCOME:
            unfinished.pop(entry.action_id, None)
        if entry.at < before:
            latest = max(latest or entry.at, entry.at)
            if not unfinished:
                last, link, until = entry.position, entry.link_hash, latest
    return Removable(after, last, link, until, obstacle, has_more)


def entries_after(after: int) -> Iterator[LinkedEntry]:
    """Yield the entry of each link after a position; end where one is missing."""
    links = AuditLink.objects.order_by("position").values_list("position", "hash", "entry_id")
    while batch := list(links.filter(position__gt=after)[:BATCH]):
        keys = [entry_id for _position, _hash, entry_id in batch]
        rows = AuditEntry.objects.order_by().filter(pk__in=keys)
        columns = rows.values_list("pk", "at", "kind", "action_id", "hold__state")
        entries = {row[0]: row for row in columns}
        for position, link, entry_id in batch:
            if entry_id not in entries:
                return
            yield LinkedEntry(position, link, *entries[entry_id])
        after = batch[-1][0]


def prune(
    found: Removable,
    *,
    before: datetime,
    by: Actor | None,
    now: datetime,
    keep: Callable[[Checkpoint], None] = lambda _checkpoint: None,
) -> Iterator[int]:
    """Verify a range, record that it goes, and delete it; yield the position reached so far.

    ``keep`` is given the checkpoint of its end before anything is recorded or deleted. Raises
    RetentionError.
    """
    if found.until is None:
        return
    verification = log_verification.verify_from(verify=partial(in_order, last=found.last))
    if verification.fault:
        log_verification.record(verification, by=by, now=now)
        raise RetentionError(log_verification.sentence(verification.fault))
    keep(Checkpoint(now.astimezone(UTC).isoformat(timespec="seconds"), found.last, found.hash))
    record = AuditPrune(
        position=found.last, first=found.first, hash=found.hash, until=found.until, at=now
    )
    record.signature = checkpoints.prune_signature(record)
    try:
        with transaction.atomic(durable=True):
            record.save(force_insert=True)
            trail.event(
                action=Action.PRUNE,
                by=by,
                now=now,
                asked={"before": before},
                after={"first": found.first, "last": found.last, "hash": found.hash},
            )
    except IntegrityError as error:
        raise RetentionError(_("Another run removes these entries at this moment.")) from error
    yield from delete_covered()


def left() -> int:
    """Return how many entries a record covers that are still there, after a run that was killed.

    A forged record covers none.
    """
    record = checkpoints.latest_prune()
    if record is None or checkpoints.prune_fault():
        return 0
    return record.position - checkpoints.start()[0]


def delete_for(seconds: float) -> None:
    """Delete what records cover and is still there, but no longer than a request may take."""
    started = time.monotonic()
    for _position in delete_covered():
        if time.monotonic() - started > seconds:
            return


def delete_covered() -> Iterator[int]:
    """Delete what records cover and is still there; yield the position reached so far.

    Raises RetentionError for a forged record.
    """
    if fault := checkpoints.prune_fault():
        raise RetentionError(log_verification.sentence(fault))
    record = checkpoints.latest_prune()
    while record and (after := checkpoints.start()[0]) < record.position:
        places = {"after": after, "last": min(after + BATCH, record.position)}
        with transaction.atomic(), connection.cursor() as cursor:
            # Two runs at once wait for each other, and the second finds nothing to delete.
            AuditPrune.objects.select_for_update().get(pk=record.pk)
            for statement in DELETIONS:
                cursor.execute(statement, places)
        yield places["last"]
        time.sleep(PAUSE)


def renew(former_key: str, now: datetime) -> int:
    """Sign the records of retention that a former SECRET_KEY signed anew; return how many.

    Raises RetentionError, and signs none, if neither key signed one of them.
    """
    unsigned = [prune for prune in checkpoints.all_prunes() if not checkpoints.is_signed(prune)]
    for prune in unsigned:
        if not checkpoints.is_signed(prune, former_key):
            raise RetentionError(f"Neither key signed the record of position {prune.position}.")
    if not unsigned:
        return 0
    with transaction.atomic(durable=True):
        RenewedSignature.objects.bulk_create(
            RenewedSignature(prune=prune, signature=checkpoints.prune_signature(prune))
            for prune in unsigned
        )
        trail.event(
            action=Action.SIGNATURES_RENEWED,
            by=None,
            now=now,
            after={"last": max(prune.position for prune in unsigned)},
        )
    return len(unsigned)
