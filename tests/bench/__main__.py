"""Run all benchmarks, each beside a baseline of the same run.

    python -m tests.bench [--strict]

Other work on the machine makes all figures worse and the ratios uncertain. Status 0; with
``--strict``, 1 if an aim is missed. ``python -m tests.bench.crowd``, the load of an office over
minutes, is not among them.
"""

from __future__ import annotations

import argparse
import sys

from tests.bench import pages, picker, place, wire
from tests.bench.aims import Aim

ADDED = Aim("x a bare httpx call", wire.AIM, "at most")


def main() -> int:
    """Run them one after the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--strict", action="store_true", help="status 1 if an aim is missed")
    strict = parser.parse_args().strict
    met = [report_wire(), place.report(), pages.report(), picker.report()]
    sys.stdout.write("All aims are met.\n" if all(met) else "Not all aims are met.\n")
    return 1 if strict and not all(met) else 0


def report_wire() -> bool:
    """Measure the client of cal.com and print; return whether the aim is met."""
    bare, client = wire.measure(rounds=30, calls=100)
    sys.stdout.write(
        "a reservation over calcom's client\n"
        f"  httpx.Client.post and .json() {bare * 1e3:.3f} ms"
        f"   calcom.Client.reserve {client * 1e3:.3f} ms   (medians)\n"
    )
    return ADDED.judge(client / bare)


if __name__ == "__main__":
    sys.exit(main())
