"""Verify the whole log with a process for each core.

Each part starts from the hash that the database has for the link before it. That hash is the result
of the part before, so that the parts together are one chain.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from dashboard.audit import chain
from dashboard.audit.chain import Verification
from dashboard.audit.models import AuditEntry, AuditLink

PART = 50_000  # positions


def verify(
    progress: Callable[[int], None],
    begin: tuple[int, str] = (0, chain.FIRST),
    *,
    part: int = PART,
    using: str = DEFAULT_DB_ALIAS,
) -> Verification:
    """Verify from a position, whose hash was known, to the end; report each position reached."""
    links = AuditLink.objects.using(using)
    last = links.order_by("-position").values_list("position", flat=True).first() or 0
    known = links.filter(position__in=range(begin[0] + part, last, part)).order_by("position")
    try:
        starts = [begin, *known.values_list("position", "hash")]
    except DatabaseError:  # a hash cannot be decoded: one process finds its link
        starts = [begin]
    if len(starts) == 1:
        return verify_part(using, starts[0], None)
    ends = [*(position for position, _hash in starts[1:]), None]
    connections[using].close()  # a process that is forked must not use that of this one
    fork = multiprocessing.get_context("fork")
    first, done = begin[0] + 1, Verification(begin[0] + 1, *begin, False, None)
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(starts)), fork) as pool:
        for start, found in zip(
            starts, pool.map(verify_part, repeat(using), starts, ends), strict=True
        ):
            if start != (done.last, done.last_hash):
                break
            done = replace(found, first=first)
            if done.fault:
                break
            progress(done.last)
        pool.shutdown(cancel_futures=True)
    if done.fault or done.is_whole:
        return done
    # A link is missing or was exchanged meanwhile: one process follows them in order.
    return verify_part(using, begin, None)


def verify_part(using: str, start: tuple[int, str], last: int | None) -> Verification:
    """Verify the positions behind a known link, up to ``last`` or to the end."""
    links, entries = AuditLink.objects.using(using), AuditEntry.objects.using(using)
    return chain.verify(links, entries, after=start[0], known=start[1], last=last)
