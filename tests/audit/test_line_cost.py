"""Work that a page of the log does for each of its lines."""

from __future__ import annotations

from cProfile import Profile
from pstats import Stats

import pytest

from dashboard.audit import action_labels, search
from tests.audit.recorded import after, extend, fail_to_place

MOST_CALLS = 900  # function calls, also those of Python's own functions


@pytest.fixture
def long_log(staff, colleague, hold) -> None:
    for number in range(0, 40, 2):
        extend(staff, hold, at=after(number))
        fail_to_place(colleague, at=after(number + 1))


def calls_of_page(browser, monkeypatch, lines: int) -> int:
    """Return the number of function calls of a page with so many lines, once it is warm."""
    monkeypatch.setattr(search, "PAGE_SIZE", lines)
    browser.get("/audit/")
    with Profile() as profile:
        assert len(browser.get("/audit/").context["page"].lines) == lines
    return Stats(profile).total_calls


def test_line_takes_few_calls(long_log, admins_browser, monkeypatch):
    few, many = (calls_of_page(admins_browser, monkeypatch, lines) for lines in (10, 30))
    assert (many - few) / 20 < MOST_CALLS


def test_actors_and_verdicts_are_rendered_once(long_log, admins_browser):
    action_labels.actor_html.cache_clear()
    templates = [each.name for each in admins_browser.get("/audit/").templates]
    assert templates.count("audit/_actor.html") == 3  # two staff, and who added the people
    assert templates.count("_tag.html") <= 2
