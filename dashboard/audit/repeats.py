"""Tell attempts of the system that follow one another as one: it tries every few seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.audit.timeline import Line
from dashboard.audit.trail import Action


@dataclass(frozen=True, slots=True)
class CollapsedLine:
    """A line of a story: the newest of ``count`` attempts, of which the first was at ``since``."""

    line: Line
    count: int
    since: datetime


def collapsed(lines: Sequence[Line]) -> list[CollapsedLine]:
    """Return lines, newest first, with attempts that follow one another as one."""
    groups: list[list[Line]] = []
    for line in lines:
        if groups and is_attempt(line) and is_attempt(groups[-1][0]):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [CollapsedLine(group[0], len(group), group[-1].at) for group in groups]


def is_attempt(line: Line) -> bool:
    """Return whether the line is of a change that could not be finished, and says so."""
    return line.action == Action.SETTLE and line.is_trouble and not line.is_finding
