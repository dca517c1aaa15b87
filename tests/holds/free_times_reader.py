"""One of the processes that look at the free times: for each line of its input it looks once."""

from __future__ import annotations

import sys
from datetime import date

import django

django.setup()

from django.utils import timezone  # noqa: E402

from dashboard.holds import free_times  # noqa: E402


def main(day: date) -> None:
    """Say ``ready``, then how many times there are, and of what moment they are."""
    print("ready", flush=True)  # noqa: T201
    for _line in sys.stdin:
        listing = free_times.listing(free_times.Span(1, day, 7), now=timezone.now())
        print(len(listing.slots), listing.as_of, listing.cause, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(date.fromisoformat(sys.argv[1]))
