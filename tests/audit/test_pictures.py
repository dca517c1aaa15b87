"""Page of pictures: its numbers, and that each bar leads to the entries that it counts."""

import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from dashboard.audit import trail
from dashboard.audit.action_labels import CODES
from dashboard.audit.pictures import Range, bar_pictures, periods_of
from dashboard.calcom import Cause
from dashboard.holds.message_table import REFUSALS
from tests.accounts.cast import acting
from tests.audit.recorded import Action, Outcome, after, fail_to_place, sign_in
from tests.kept import forget_kept

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
PAGE = "/audit/pictures"
DAYS = {"since": "2025-11-24", "until": "2025-11-25"}  # those of mixed_log


class Tables(HTMLParser):
    """Rows of the tables by the table's label: label, number and address."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] = []
        self._is_inside = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "table":
            self._rows = self.tables[given["aria-labelledby"]] = []
        elif tag == "tbody":
            self._is_inside = True
        elif tag == "tr" and self._is_inside:
            self._rows.append([""])
        elif tag == "a" and self._is_inside:
            self._rows[-1][0] = given["href"]

    def handle_data(self, data):
        if self._is_inside and self._rows and data.strip():
            self._rows[-1].append(data.strip())

    def handle_endtag(self, tag):
        self._is_inside = self._is_inside and tag != "tbody"


def tables(browser, **days: str) -> dict[str, list[list[str]]]:
    forget_kept()  # of titles of event types, which another test may have looked up in vain
    response = browser.get(PAGE, days)
    assert response.status_code == 200
    return Tables(response.content.decode()).tables


def numbers(rows: list[list[str]]) -> dict[str, int]:
    return {label: int(count) for _url, label, count, *_rest in rows}


@pytest.mark.usefixtures("immediate_links", "mixed_log")
class TestNumbers:
    def test_each_picture_counts_the_actions(self, admins_browser):
        shown = {name: numbers(rows) for name, rows in tables(admins_browser, **DAYS).items()}
        assert shown == {
            "over-time": {"Mon 24 Nov 2025": 1, "Tue 25 Nov 2025": 6},
            "response-times": {"Tue 25 Nov 2025": 5},
            "by-action": {
                "extended a hold": 3,
                "signed in": 1,
                "placed a hold": 1,
                "a hold ran out": 1,
                "failed to sign in": 1,
            },
            "by-outcome": {"done": 4, "refused": 2, "no outcome": 1},
            "by-cause": {"slot reserved": 1, "without a cause": 1},
            "by-event-type": {"Consult 60 (1)": 1},
            "by-person": {"staff": 3, "colleague": 2, "the system": 1},
        }

    def test_response_times_are_bounds_of_their_buckets(self, admins_browser):
        ((_url, _day, *times),) = tables(admins_browser, **DAYS)["response-times"]
        assert times == ["5", "150 ms", "250 ms"]

    def test_a_day_without_answers_has_no_time(self, admins_browser):
        page = admins_browser.get(PAGE, DAYS).content.decode()
        titles = [" ".join(text.split()) for text in re.findall("<title>(.*?)</title>", page, re.S)]
        assert titles[-2:] == ["Mon 24 Nov 2025: 0", "Tue 25 Nov 2025: 150 / 250 ms"]

    def test_each_bar_leads_to_as_many_lines(self, admins_browser):
        for name, rows in tables(admins_browser, **DAYS).items():
            for url, label, count, *_rest in rows if name != "response-times" else ():
                shown = admins_browser.get(url).context
                assert (name, label, shown["page"].total) == (name, label, int(count))
                # The controls show what was chosen, so that another choice replaces it.
                typed = shown["form"].cleaned_data["find"]
                assert not re.search("(day|actor|action|outcome|event):", typed)

    def test_page_takes_few_queries(self, admins_browser, django_assert_max_num_queries):
        admins_browser.get("/look-up")  # reads the holds into memory
        with django_assert_max_num_queries(12):
            admins_browser.get(PAGE, DAYS)


@pytest.mark.usefixtures("immediate_links")
def test_ends_of_holds_lead_to_their_actions(admins_browser, staff, hold):
    def release(before: str, at: int) -> None:
        begun = trail.intent(
            action=Action.RELEASE,
            by=acting(staff),
            hold_id=hold.pk,
            before={"state": before},
            now=after(at),
        )
        trail.outcome(begun, outcome=Outcome.OK, after={"state": "released"}, now=after(at + 1))

    release("held", 1)
    release("released", 2)
    trail.event(
        action=Action.EXPIRE, by=None, hold_id=hold.pk, after={"state": "expired"}, now=after(3)
    )
    rows = tables(admins_browser, **DAYS)["by-end"]
    assert numbers(rows) == {"released": 1, "expired": 1}
    assert [admins_browser.get(row[0]).context["page"].total for row in rows] == [1, 1]


@pytest.mark.usefixtures("immediate_links")
def test_action_over_midnight_counts_where_it_began(admins_browser, staff):
    midnight = datetime(2025, 11, 25, 23, 0, tzinfo=UTC)  # in Rome
    fail_to_place(staff, at=midnight - timedelta(milliseconds=100))
    sign_in(staff, at=midnight)
    first = tables(admins_browser, since="2025-11-25", until="2025-11-25")
    assert numbers(first["over-time"]) == {"23:00": 1}
    assert numbers(first["by-outcome"]) == {"refused": 1}
    second = tables(admins_browser, since="2025-11-26", until="2025-11-26")
    assert numbers(second["over-time"]) == {"00:00": 1}
    assert numbers(second["by-outcome"]) == {"done": 1}


@pytest.mark.usefixtures("immediate_links")
def test_hour_that_occurs_twice_is_two_bars(admins_browser, staff):
    for hour, count in ((0, 1), (1, 2)):  # 02:30 in Rome, before and after the change
        for _time in range(count):
            sign_in(staff, at=datetime(2025, 10, 26, hour, 30, tzinfo=UTC))
    rows = tables(admins_browser, since="2025-10-26", until="2025-10-26")["over-time"]
    assert numbers(rows) == {"02:00 CEST": 1, "02:00 CET": 2}
    assert [admins_browser.get(row[0]).context["page"].total for row in rows] == [1, 2]


@pytest.mark.parametrize(
    ("zone", "day", "count", "last"),
    [
        ("Europe/Rome", date(2025, 10, 26), 25, "23:00"),
        ("Europe/Rome", date(2025, 3, 30), 23, "23:00"),
        ("Asia/Kathmandu", date(2025, 3, 30), 24, "23:00"),
        ("Australia/Lord_Howe", date(2025, 4, 6), 25, "23:30"),
    ],
)
def test_hours_of_a_day(zone, day, count, last):
    with timezone.override(ZoneInfo(zone)):
        hours = list(periods_of(Range(day, day)))
    assert (len(hours), hours[-1].label) == (count, last)
    assert {hour.start.timestamp() % 900 for hour in hours} == {0}


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"since": "2025-11-25", "until": "2025-11-24"}, "until"),
        ({"since": "2020-01-01", "until": "2025-11-24"}, "until"),
        ({"since": "tomorrow"}, "since"),
        ({"last": "8"}, "last"),
    ],
)
def test_range_that_makes_no_sense_is_refused(admins_browser, days, field):
    response = admins_browser.get(PAGE, days)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert "over-time" not in response.content.decode()


def test_days_up_to_today(admins_browser, monkeypatch):
    moment = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: moment)  # or midnight passes
    today = timezone.localdate()
    for last, days in {"": 7, "1": 1, "7": 7, "30": 30}.items():
        response = admins_browser.get(PAGE, {"last": last})
        assert response.context["range"] == Range(today - timedelta(days=days - 1), today)


def test_days_without_an_action(admins_browser):
    response = admins_browser.get(PAGE, {"since": "2020-01-01", "until": "2020-01-02"})
    assert "No actions on these days." in response.content.decode()
    assert "<svg viewBox" not in response.content.decode()


@pytest.mark.usefixtures("immediate_links")
def test_days_on_which_calcom_was_not_asked_draw_no_times(admins_browser, staff):
    sign_in(staff, at=datetime(2025, 11, 24, 10, tzinfo=UTC))
    page = admins_browser.get(PAGE, DAYS).content.decode()
    assert "cal.com was not asked on these days." in page
    assert page.count('class="chart"') == 1


@pytest.mark.usefixtures("immediate_links")
def test_outcome_of_an_older_version_is_drawn_as_it_is(admins_browser, staff):
    trail.event(action=Action.SIGN_IN, by=acting(staff), outcome="postponed", now=after(0))
    shown = tables(admins_browser, **DAYS)
    assert numbers(shown["by-outcome"]) == {"postponed": 1}
    assert "outcome=postponed" not in admins_browser.get(PAGE, DAYS).content.decode()


def test_every_cause_is_translated():
    causes = {row.cause or key for key, row in REFUSALS.items()} | {*Cause, "denied"} | CODES.keys()
    with translation.override("de"):
        labels = {bar_pictures([])["cause"].label(cause) for cause in causes}
    assert len(labels) == len(causes)
    assert labels.isdisjoint(cause.replace("_", " ") for cause in causes)


def test_log_and_pictures_lead_to_each_other(admins_browser):
    assert f'href="{PAGE}"' in admins_browser.get("/audit/").content.decode()
    assert 'href="/audit/"' in admins_browser.get(PAGE).content.decode()
