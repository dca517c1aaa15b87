"""Signed checkpoints: what the end of the chain was at a moment, to be kept outside the database.

The chain alone cannot prove that its end was not cut off, nor that it was not computed anew from
some entry on by someone who may write to the database. A checkpoint that is kept elsewhere can: the
hash at its position must never change. The signature, made with SECRET_KEY, proves that it is one
of this installation.

A record of retention (:class:`AuditPrune`) is a checkpoint too, kept in the database. It says where
the chain begins now: at a link whose entry was deleted.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.core.signing import Signer
from django.db import models

from dashboard.audit import chain
from dashboard.audit.chain_verification import BEGIN, LogFault
from dashboard.audit.models import AuditEntry, AuditLink, AuditPrune
from dashboard.audit.stored_rows import rows
from dashboard.audit.triggers import LINKS

SALT = "holdfast.audit.checkpoint"
# Another one: checkpoints are handed out, and none of them may permit a deletion.
PRUNE_SALT = "holdfast.audit.prune"
# Plain SQL, because each page of the log runs it.
LAST_LINK = f"SELECT position, hash FROM {LINKS} ORDER BY position DESC LIMIT 1"  # noqa: S608 a name


class RenewedSignature(models.Model):
    """Signature of a record of retention by a later SECRET_KEY; the record stays as it is."""

    prune = models.ForeignKey(AuditPrune, on_delete=models.PROTECT, related_name="renewed")
    signature = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"signature of {self.prune_id}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Position and hash of the last link at a moment (ISO 8601, UTC)."""

    at: str
    position: int
    hash: str

    def to_line(self) -> str:
        """Return it as one line of JSON, with its signature."""
        return json.dumps({**asdict(self), "signature": signature(self)})


def signature(checkpoint: Checkpoint, key: str | None = None) -> str:
    """Sign with a former SECRET_KEY, or with the present one."""
    text = f"{checkpoint.at} {checkpoint.position} {checkpoint.hash}"
    return Signer(key=key, salt=SALT).signature(text)


def latest(now: datetime) -> Checkpoint:
    """Return the checkpoint of the present end of the chain; position 0 of an empty one."""
    position, link = next(iter(rows(LAST_LINK, [])), BEGIN)
    return Checkpoint(now.astimezone(UTC).isoformat(timespec="seconds"), position, str(link))


def read(line: str, former_key: str | None = None) -> Checkpoint:
    """Parse a line of a file of checkpoints; raise ValueError if it is not one of this site.

    One that ``former_key`` signed is accepted too.
    """
    try:
        given = json.loads(line)
        checkpoint = Checkpoint(given["at"], given["position"], given["hash"])
        signed = given["signature"]
        accepted = [signature(checkpoint, key) for key in (None, former_key)]
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise ValueError("is not a checkpoint") from exc
    if type(checkpoint.position) is not int:  # the signature is of a text
        raise ValueError("is not a checkpoint")
    if signed not in accepted:
        raise ValueError("has a signature that is not of this site's SECRET_KEY")
    return checkpoint


def read_file(file: Path, former_key: str | None = None) -> list[Checkpoint]:
    """Parse a file of checkpoints; raise ValueError, a sentence, for a line that is none."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"The checkpoints cannot be read: {error}.") from error
    kept = []
    for number, line in enumerate(lines, start=1):
        try:
            kept.append(read(line, former_key))
        except ValueError as error:
            raise ValueError(f"Line {number} of the checkpoints {error}.") from error
    return kept


def contradicted(checkpoints: Iterable[Checkpoint]) -> Checkpoint | None:
    """Return the first checkpoint whose position has another hash now, or none."""
    for checkpoint in comparable(checkpoints):
        link = AuditLink.objects.filter(position=checkpoint.position).values_list("hash", flat=True)
        if link.first() != checkpoint.hash:
            return checkpoint
    return None


def comparable(checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    """Return the checkpoints that prove something: not of an empty log, nor of deleted entries."""
    begin = max(1, start()[0])
    return [each for each in checkpoints if each.position >= begin]


def latest_prune() -> AuditPrune | None:
    """Return the record that covers the most entries."""
    return AuditPrune.objects.order_by("-position").first()


def prune_signature(prune: AuditPrune, key: str | None = None) -> str:
    """Sign with a former SECRET_KEY, or with the present one."""
    moments = f"{chain.plain(prune.until)} {chain.plain(prune.at)}"
    text = f"{prune.first} {prune.position} {prune.hash} {moments}"
    return Signer(key=key, salt=PRUNE_SALT).signature(text)


def is_signed(prune: AuditPrune, key: str | None = None) -> bool:
    """Return whether a former SECRET_KEY signed the record, or the present one."""
    signatures = {prune.signature, *(renewed.signature for renewed in prune.renewed.all())}
    return prune_signature(prune, key) in signatures


def all_prunes() -> list[AuditPrune]:
    """Return the records of retention, the latest first."""
    return list(AuditPrune.objects.order_by("-position").prefetch_related("renewed"))


def start() -> tuple[int, str]:
    """Return position and hash of the last deleted entry, whose link is still there.

    Without one it is (0, ""); also where an entry is missing that no record covers, or one is
    there again, so that a verification from there on names it.
    """
    first = AuditLink.objects.order_by("position").first()
    if (
        first is None
        or not AuditPrune.objects.filter(position__gte=first.position).exists()
        or AuditEntry.objects.filter(pk=first.entry_id).exists()
    ):
        return BEGIN
    return first.position, first.hash


def prune_fault() -> LogFault | None:
    """Return what is wrong with the records that permit deletions, or None.

    Only the latest permits any, but the time of an older one says which counts are compared.
    """
    prunes = all_prunes()
    for prune in prunes:
        if not is_signed(prune):
            return LogFault("forged", prune.position, None)
    if not prunes:
        return None
    prune = prunes[0]
    link = AuditLink.objects.filter(position=prune.position).first()
    if link is None or link.hash != prune.hash:
        return LogFault("broken", prune.position, link.entry_id if link else None)
    return None
