"""Work that a page of the log does for each of its lines."""

from cProfile import Profile
from pstats import Stats

import pytest
from django.utils import timezone, translation

from dashboard.audit import action_labels, formatting, search
from dashboard.audit.models import AuditEntry
from dashboard.audit.timeline import line_of
from dashboard.holds.models import Hold
from tests.audit.recorded import NOON, after, extend, fail_to_place, only_line
from tests.audit.test_damaged_entries import damage

# Function calls, also those of Python's own functions: of a new line, and of one that is kept.
MOST_CALLS, MOST_KEPT = 1000, 200


@pytest.fixture
def long_log(staff, colleague, hold) -> None:
    for number in range(0, 40, 2):
        extend(staff, hold, at=after(number))
        fail_to_place(colleague, at=after(number + 1))


def calls_of_page(browser, monkeypatch, lines: int, *, are_kept: bool) -> int:
    """Return the number of function calls of a page with so many lines, once it is warm.

    The least of three, because what is kept for a time may have to be made anew meanwhile.
    """
    monkeypatch.setattr(search, "PAGE_SIZE", lines)
    browser.get("/audit/")
    counts = []
    for _view in range(3):
        if not are_kept:
            line_of.cache_clear()
        with Profile() as profile:
            assert len(browser.get("/audit/").context["page"].lines) == lines
        counts.append(Stats(profile).total_calls)
    return min(counts)


@pytest.mark.slow
def test_line_takes_few_calls(long_log, admins_browser, monkeypatch):
    monkeypatch.setattr(formatting, "TITLE_KEPT", 10**9)
    for are_kept, most in ((False, MOST_CALLS), (True, MOST_KEPT)):
        few, many = (
            calls_of_page(admins_browser, monkeypatch, lines, are_kept=are_kept)
            for lines in (10, 30)
        )
        assert (many - few) / 20 < most


def test_actors_and_verdicts_are_rendered_once(long_log, admins_browser):
    action_labels.actor_html.cache_clear()
    templates = [each.name for each in admins_browser.get("/audit/").templates]
    assert templates.count("audit/_actor.html") == 3  # two staff, and who added the people
    assert templates.count("_tag.html") <= 2


@pytest.mark.usefixtures("immediate_links")
def test_kept_line_shows_what_has_changed(staff, hold, monkeypatch):
    monkeypatch.setattr(formatting, "TITLE_KEPT", 10**9)
    newest = extend(staff, hold)
    rows = []

    def note(viewer: int | None = None, language: str = "en", zone: str = "Europe/Rome") -> None:
        with translation.override(language), timezone.override(zone):
            kept = only_line(viewer=viewer).row
            line_of.cache_clear()
            rows.append((kept, only_line(viewer=viewer).row))
        assert only_line(after(1)) is only_line(after(2))

    note()
    note(language="de")
    note(zone="Asia/Tokyo")
    note(viewer=staff.pk)
    for client in ({"client_name": "Client Two"}, {"client_name": "", "erased_at": NOON}):
        Hold.objects.filter(pk=hold.pk).update(**client)
        note()
    damage(AuditEntry.objects.filter(action_id=newest).latest("pk").pk, "after", "'{}'")
    note()
    assert [kept for kept, _new in rows] == [new for _kept, new in rows]
    assert len(set(rows)) == 7
