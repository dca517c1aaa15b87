"""Bar of long commands: on a terminal only, by place between two ends."""

from __future__ import annotations

import io

import pytest
from django.core.management.base import OutputWrapper

from dashboard.management import terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bar_shows_the_share_of_the_way():
    screen = Terminal()
    with terminal.progress_bar(OutputWrapper(screen), lambda: (100, 300)) as show:
        for place in (0, 200, 200, 300, 400):
            show(place)
    assert (
        screen.getvalue()
        == "".join(
            f"\r[{'#' * done:40}] {share}"
            for done, share in ((0, "  0%"), (20, " 50%"), (40, "100%"))
        )
        + "\n"
    )


def test_nothing_is_looked_up_or_shown_without_a_terminal():
    output = io.StringIO()
    with terminal.progress_bar(
        OutputWrapper(output), lambda: pytest.fail("asked for the ends")
    ) as show:
        show(7)
    assert output.getvalue() == ""
