"""All benchmarks, each beside a baseline of the same run: ``python -m tests.bench``.

    python -m tests.bench [--strict]

Other work on the machine makes all figures worse and the ratios uncertain: let it rest. Ends with
status 0; with ``--strict`` with status 1 where an aim is missed.
"""

from __future__ import annotations

import argparse
import sys

from tests.bench import board, placing, poll, wire
from tests.bench.report import Aim

ADDED = Aim("x a bare httpx call", wire.AIM, "at most")


def main() -> int:
    """Run them one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--strict", action="store_true", help="status 1 where an aim is missed")
    strict = parser.parse_args().strict
    met = [_wire(), placing.report(), board.report(), poll.report()]
    sys.stdout.write("All aims are met.\n" if all(met) else "Not all aims are met.\n")
    return 1 if strict and not all(met) else 0


def _wire() -> bool:
    bare, ours = wire.measure(rounds=30, calls=100)
    sys.stdout.write(
        "a reservation over calcom's client\n"
        f"  httpx.Client.post and .json() {bare * 1e3:.3f} ms"
        f"   calcom.Client.reserve {ours * 1e3:.3f} ms   (medians)\n"
    )
    return ADDED.judge(ours / bare)


if __name__ == "__main__":
    sys.exit(main())
