"""Time the pages of the log, and Django admin's changelist of the same table, in this process.

Both are answered whole: through all middleware, and rendered.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Any

from django.test import Client
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from tests.bench.log_entries import COMMON, COMMON_CLIENT, NONE, RARE, RARE_CLIENT
from tests.bench.log_figures import ADMIN, Figures

LOG, PICTURES = "/audit/", "/audit/pictures"
CHANGELIST = "/entries/dashboard/auditentry/"
SLOW = 2.0  # seconds; what takes longer is timed once


def pages() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield name, path and query of every page that is timed."""
    now = timezone.now()
    day = now.date() - timedelta(days=400)
    newest = AuditEntry.objects.order_by("-id").values_list("id", flat=True)[0]
    some = AuditEntry.objects.filter(id__gte=newest // 4).order_by("id")
    request = some.exclude(request_id="")[0]
    finds = {
        "first page": "",
        "person": "actor:person3",
        "action": "action:release",
        "outcome": "outcome:refused",
        "rare outcome": "outcome:unknown",
        "none": "outcome:none",
        "hold": "hold:7",
        "event": "event:7",
        "day": f"day:{day}",
        "days": f"day:{day}..{day + timedelta(days=30)}",
        "hour": f"hour:{day}T10:00",
        "cause": "cause:slot_reserved",
        "ended": "ended:expired",
        "request": f"request:{request.request_id}",
        "address": f"address:{request.address}",
        "about": "about:person7",
        "system": "actor:system",
        "person and outcome": "actor:person3 outcome:unknown",
        "person and action": "actor:person9 action:extend",
        "action and outcome": "action:extend outcome:unavailable",
        "person and day": f"actor:person3 day:{day}",
        "event and ended": "event:7 ended:released",
        "common word": COMMON,
        "rare word": RARE,
        "no hit": NONE,
        "common client": COMMON_CLIENT,
        "rare client": RARE_CLIENT,
        "two words": f"{COMMON} another",
        "word and person": f"{COMMON} actor:person3",
    }
    for name, find in finds.items():
        yield name, LOG, {"find": find}
    yield "last page", LOG, {"before": "100"}
    yield "pictures, today", PICTURES, {"last": "1"}
    yield "pictures, 30 days", PICTURES, {"last": "30"}
    yield "pictures, year", PICTURES, {"since": str(now.date() - timedelta(days=364))}


def admin_pages() -> dict[str, dict[str, str]]:
    """Return name and query of the changelist's pages, named as what they are compared with."""
    return {
        "first page": {},
        "outcome": {"outcome__exact": "refused"},
        "common word": {"q": COMMON},
        "rare word": {"q": RARE},
        "no hit": {"q": NONE},
    }


def times(rounds: int) -> Iterator[Figures]:
    """Yield the figures of each page, those of admin with ADMIN before the name."""
    chief, _created = User.objects.get_or_create(username="chief", is_superuser=True, is_staff=True)
    browser = Client(SERVER_NAME="127.0.0.1", SERVER_PORT="80")
    browser.force_login(chief)
    for name, path, data in pages():
        lines = lines_of(browser.get(path, data))
        yield Figures(name, timed(rounds, browser.get, path, data), lines)
    for name, data in admin_pages().items():
        yield Figures(ADMIN + name, timed(rounds, browser.get, CHANGELIST, data), 0)


def lines_of(answer: Any) -> int:
    """Return how many actions a page of the log shows; 0 for any other page."""
    content: bytes = answer.content
    return content.count(b'id="action-')


def timed(rounds: int, call: Any, *arguments: Any) -> float:
    """Return the median in milliseconds of calls after the first; one that is slow is the only."""
    taken: list[float] = []
    while len(taken) <= rounds and not (taken and taken[-1] > SLOW):
        began = perf_counter()
        answer = call(*arguments)
        if answer is not None and answer.status_code != 200:
            raise RuntimeError(f"{arguments}: {answer.status_code}")
        taken.append(perf_counter() - began)
    return 1000 * median(taken[1:] or taken)
