"""Figures of one page of the log, as a process that measures it tells them."""

from __future__ import annotations

from typing import NamedTuple

ADMIN = "admin: "  # begins the names of admin's pages


class Figures(NamedTuple):
    name: str
    milliseconds: float
    lines: int  # that the page shows
