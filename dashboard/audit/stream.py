"""Stream of new entries for a log collector: none is missed, in the order of the chain.

A file, the cursor, keeps the position up to which entries were written, and its hash, which shows
whether the log was restored since. It moves after them, so a run that was killed writes some again;
a reader knows them by their ``position``.
"""

import errno
import fcntl
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from django.core.management.base import OutputWrapper

from dashboard.audit import export, log_verification
from dashboard.audit.models import AuditLink

log = logging.getLogger(__name__)

Output = TextIO | OutputWrapper
POSITION = re.compile(r"([0-9]{1,18})(?: (.+))?")  # versions before kept no hash

OTHER = "an older copy was restored, or its end was removed. Give the name of a new file."


class StreamError(Exception):
    """Cursor that cannot be used; the message is for the person who named it."""


@contextmanager
def locked(cursor: Path) -> Iterator[None]:
    """Keep other processes from a cursor; raise StreamError for one that cannot be used."""
    with cursor.with_name(f"{cursor.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise StreamError(f"Another process uses {cursor}.") from exc
        position_of(cursor)
        yield


@contextmanager
def appended(file: Path) -> Iterator[TextIO]:
    """Open a file to append lines.

    A line that a killed run left in the middle is ended: it is no JSON, and its entry comes again.
    """
    with file.open("ab+") as binary:
        if binary.tell() and os.pread(binary.fileno(), 1, binary.tell() - 1) != b"\n":
            binary.write(b"\n")
    with file.open("a", encoding="utf-8") as output:
        yield output


def write_new(cursor: Path, output: Output) -> Iterator[int]:
    """Write the entries after the cursor as JSON Lines; yield each position that was reached.

    Raises StreamError, and OSError.
    """
    position = position_of(cursor)
    for block in export.since(position):
        if missing := block.last - position - block.count:
            text = "retention removed %s entries after position %s before they were written"
            log.warning(text, missing, position)
        output.write(block.text)
        sync(output)
        save_position(cursor, block.last)
        position = block.last
        yield position


def sync(output: Output) -> None:
    """Put a file on the disk; pipes and terminals have none."""
    output.flush()
    try:
        os.fsync(output.fileno())
    except OSError as exc:
        if exc.errno not in (None, errno.EINVAL):
            raise


def position_of(cursor: Path) -> int:
    """Return the position that was reached, 0 before the first run.

    Raises StreamError for a file that has none, and for one of another log than this.
    """
    text = cursor.read_text(errors="replace").strip() if cursor.exists() else ""
    if not text:
        return 0
    if not (found := POSITION.fullmatch(text)):
        raise StreamError(f"{cursor} has no position: give the name of a new file.")
    position, link = int(found[1]), found[2]
    if position > (end := log_verification.total()):
        raise StreamError(f"{cursor} is at position {position}, but the log ends at {end}: {OTHER}")
    # Retention removes the links of old entries.
    if link and hash_at(position) not in ("", link):
        raise StreamError(f"{cursor} has another hash of position {position} than the log: {OTHER}")
    return position


def hash_at(position: int) -> str:
    """Return the hash of a position of the log, "" where it has none."""
    return AuditLink.objects.filter(position=position).values_list("hash", flat=True).first() or ""


def save_position(cursor: Path, position: int) -> None:
    """Replace the cursor by a whole new one."""
    moved = cursor.with_name(f"{cursor.name}.new")
    moved.write_text(f"{position} {hash_at(position)}\n")
    moved.replace(cursor)
