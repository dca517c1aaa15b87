"""A bound for a measured figure."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Aim:
    """The bound, with the name of the figure and its unit."""

    name: str
    bound: float
    side: Literal["at most", "at least"]

    def judge(self, figure: float) -> bool:
        """Print the figure, the aim and whether it is met; return the latter."""
        met = figure <= self.bound if self.side == "at most" else figure >= self.bound
        verdict = "met" if met else "MISSED"
        sys.stdout.write(
            f"  {figure:9.2f} {self.name:<34} aim {self.side} {self.bound:g}: {verdict}\n"
        )
        return met
