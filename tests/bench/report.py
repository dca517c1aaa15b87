"""An aim, and the line that says whether it is met."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Aim:
    """A bound for a figure."""

    name: str
    bound: float
    side: Literal["at most", "at least"]

    def judge(self, figure: float) -> bool:
        """Print the figure, the aim and the verdict; give back the verdict."""
        met = figure <= self.bound if self.side == "at most" else figure >= self.bound
        verdict = "met" if met else "MISSED"
        sys.stdout.write(
            f"  {figure:9.2f} {self.name:<34} aim {self.side} {self.bound:g}: {verdict}\n"
        )
        return met
