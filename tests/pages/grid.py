"""Read the grid of free times from a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from django.http import HttpResponse

from dashboard.holds.models import Hold
from dashboard.localization import local_times


@dataclass
class Cell:
    kind: str
    words: str
    to: str


class _Times(HTMLParser):
    """Reads the cells of the grid: kind, text and link."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[Cell] = []
        self.tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        kinds = (names.get("class") or "").split()
        if kinds[:1] == ["time"]:
            self.tag = tag
            self.cells.append(Cell([*kinds, "free"][1], "", names.get("href") or ""))
        elif self.tag and tag == "small":
            self.cells[-1].words += " "

    def handle_endtag(self, tag: str) -> None:
        self.tag = "" if tag == self.tag else self.tag

    def handle_data(self, data: str) -> None:
        if self.tag:
            self.cells[-1].words += data


def cells(page: HttpResponse) -> list[Cell]:
    """Return all cells of the grid."""
    reader = _Times()
    # What only a script shows, when a hold ends, is no text of the page.
    reader.feed(re.sub(r"<small data-after-end hidden>.*?</small>", "", page.content.decode()))
    for cell in reader.cells:
        cell.words = " ".join(cell.words.split())
    return reader.cells


def times(page: HttpResponse) -> list[str]:
    """Return the text of each cell, with its kind unless it is free."""
    return [
        cell.words if cell.kind == "free" else f"{cell.words} ({cell.kind})" for cell in cells(page)
    ]


def shown(page: HttpResponse) -> str:
    """Return the heading over the grid."""
    return re.findall(r'<h2 id="shown">(.*?)</h2>', page.content.decode())[0]


def until(hold: Hold) -> str:
    """Return a hold's end as the grid shows it."""
    end = Hold.objects.get(pk=hold.pk).held_until
    assert end is not None
    return local_times.when(end, time_of_day=local_times.minute)
