import sys
import time
from collections import Counter
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from dashboard.calcom_state import rate_and_clock
from dashboard.holds import checks
from dashboard.holds.checks import CheckResult
from dashboard.holds.models import Hold

MOST_AT_ONCE = 8


class Command(BaseCommand):
    help = "Ask cal.com about every open hold, for instance after a restore."

    def handle(self, *_args: Any, **_options: Any) -> None:
        open_holds = Hold.objects.filter(state__in=Hold.OPEN, reservation_uid__isnull=False)
        keys = list(open_holds.order_by("held_until").values_list("pk", flat=True))
        counts: Counter[str] = Counter()
        while keys:
            now, calls = wait_for_room()
            part, keys = keys[:calls], keys[calls:]
            for result in checks.check_many(hold_ids=part, by=None, now=now):
                counts[self.report(result)] += 1
        summary = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
        self.stdout.write(summary or "There is no hold to verify.")
        without = Hold.objects.filter(state__in=Hold.OPEN, reservation_uid=None).count()
        if without:
            self.stdout.write(f"{without} unconfirmed: settle ends them when cal.com's time is up")
        if counts["not verified"]:
            sys.exit(1)

    def report(self, result: CheckResult) -> str:
        """Print what became of one hold; return its name in the summary."""
        found = str(result.comparison) if result.comparison else "not verified"
        reason = f": {result.error.logged}" if result.error else ""
        self.stdout.write(f"hold {result.hold.pk} {found}{reason}")
        return found


def wait_for_room() -> tuple[datetime, int]:
    """Return the present moment, once the rate allowance leaves calls for people too, and how many.

    They are one at least, and no more than half of a whole allowance.
    """
    while True:
        now, upstream = timezone.now(), rate_and_clock.load()
        calls = max(1, min(MOST_AT_ONCE, (upstream.rate_limit or 2 * MOST_AT_ONCE) // 2))
        wait = upstream.seconds_to_wait(calls, now, for_others=rate_and_clock.KEPT_FOR_PEOPLE)
        if wait is None:
            return now, calls
        time.sleep(wait)
