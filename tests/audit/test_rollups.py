"""Rollups: what is counted with each entry, and how shares of a histogram are read."""

import uuid
from bisect import bisect_right
from collections import Counter
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db.models import Q

from dashboard.accounts.models import User
from dashboard.audit import rollup_sql
from dashboard.audit.logged_actions import LoggedAction
from dashboard.audit.models import AuditEntry, EntryText
from dashboard.audit.rollups import LogCount, begun_between, percentile, quarter_of
from dashboard.audit.trail import Action, Kind
from tests.audit.recorded import NOON

# The last microsecond of a quarter of an hour, for which SQLite's own functions give the next one.
LATE = NOON + timedelta(minutes=15) - timedelta.resolution


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ({}, 0.5, 0),
        ({100: 1}, 0.5, 100),
        ({100: 1}, 0.95, 100),
        ({100: 2, 200: 2}, 0.5, 100),
        ({100: 2, 200: 3}, 0.5, 200),
        ({50: 19, 5000: 1}, 0.95, 50),
        ({50: 18, 5000: 2}, 0.95, 5000),
        ({100: 0, 200: 1}, 0.5, 200),
        ({100: 0}, 0.5, 0),
    ],
)
def test_percentile(counts, share, expected):
    assert percentile(counts, share) == expected


def test_quarter_starts_at_its_first_second():
    assert quarter_of(NOON) * rollup_sql.QUARTER == NOON.timestamp()
    assert quarter_of(NOON + timedelta(seconds=899.999)) == quarter_of(NOON)
    assert quarter_of(NOON + timedelta(seconds=900)) == quarter_of(NOON) + 1


def kept(connection) -> list[tuple]:
    """Return the counts as sorted rows, without their ids."""
    columns = [*rollup_sql.KEY.split(", "), "count"]
    return sorted(LogCount.objects.using(connection.alias).values_list(*columns))


def actions(connection) -> list[tuple]:
    """Return the actions as sorted rows, without their ids and times."""
    columns = ("action", "outcome", "cause", "ended", "actor", "event_type")
    found = LoggedAction.objects.using(connection.alias).order_by("id")
    return list(found.values_list(*columns))


def record(connection, *entries: dict) -> None:
    """Write the entries of one action."""
    action_id = uuid.uuid4()
    for number, columns in enumerate(entries):
        same = {"at": LATE + timedelta(seconds=number), "actor_name": "ada", "action_id": action_id}
        AuditEntry.objects.using(connection.alias).create(**same, **columns)


def test_each_entry_is_counted_as_it_is_written(own):
    ada, ben = (User.objects.using(own.alias).create(username=name).pk for name in ("ada", "ben"))
    others = len(actions(own))
    intent, event, outcome = ({"kind": kind} for kind in (Kind.INTENT, Kind.EVENT, Kind.OUTCOME))
    place, release = ({"action": action} for action in (Action.PLACE, Action.RELEASE))
    answer = {"answered_method": "POST", "status": 201, "milliseconds": 212}
    record(
        own,
        intent | place | {"actor_id": ada, "asked": {"event_type_id": 30}},
        outcome | place | {"actor_id": ben, "outcome": "refused", "error_code": "taken"} | answer,
    )
    for before, after in (("held", "released"), ("released", "released"), ("held", "held")):
        record(
            own,
            intent | release | {"before": {"state": before}, "asked": {"event_type_id": "x"}},
            outcome | release | {"outcome": "ok", "after": {"state": after}} | answer,
        )
    record(own, intent | place)
    expired = {"action": Action.EXPIRE, "outcome": "ok", "after": {"state": "expired"}}
    record(own, event | expired)
    record(own, outcome | place | {"outcome": "ok", "milliseconds": 70_000, "status": 500})
    assert actions(own)[others:] == [
        ("place", "refused", "taken", None, ada, 30),
        ("release", "ok", "", "released", None, None),
        ("release", "ok", "", None, None, None),
        ("release", "ok", "", None, None, None),
        ("place", "", None, None, None, None),
        ("expire", "ok", "", "expired", None, None),
    ]
    first = quarter_of(LATE)
    day = first // rollup_sql.DAY * rollup_sql.DAY
    expected = [
        ("action", "expire", 1),
        ("action", "place", 2),
        ("action", "release", 3),
        ("begun", "", 6),
        ("cause", "taken", 1),
        ("end", "expired", 1),
        ("end", "released", 1),
        ("event-type", "30", 1),
        ("outcome", "ok", 4),
        ("outcome", "refused", 1),
        ("person", "0", 5),
        ("person", str(ada), 1),
    ]
    counts = kept(own)
    written = [(kind, value, count) for kind, span, at, value, count in counts if at == first]
    assert [row for row in written if row[0] != "answered"] == expected
    daily = {(kind, value): count for kind, span, at, value, count in counts if at == day}
    assert {(kind, value): count for kind, value, count in expected}.items() <= daily.items()
    answers = [(at, value, count) for kind, span, at, value, count in counts if kind == "answered"]
    assert answers == [
        (first, "60000", 1),
        (first + 1, "250", 4),
        (day, "250", 4),
        (day, "60000", 1),
    ]


def test_texts_of_an_action_are_one_row_under_its_first_entry(own):
    assert texts_of_a_refused_release(own) == [(1, "chose_another taken")]


@pytest.mark.slow
def test_migration_counts_and_indexes_the_entries_anew(own):
    texts_of_a_refused_release(own)
    texts = EntryText.objects.using(own.alias).order_by("rowid").values_list()
    before = kept(own), actions(own), list(texts)
    for migration in ("0050", "0060"):
        call_command("migrate", "dashboard", migration, database=own.alias, verbosity=0)
    assert (kept(own), actions(own), list(texts)) == before


def texts_of_a_refused_release(connection) -> list[tuple[int, str]]:
    """Record a refused release and one more action; return the texts, from the first entry on."""
    release = {"action": Action.RELEASE}
    record(
        connection,
        {"kind": Kind.INTENT, "reason": "chose_another"} | release,
        {"kind": Kind.STEP} | release,
        {"kind": Kind.OUTCOME, "outcome": "refused", "message": "Taken"} | release,
    )
    record(connection, {"kind": Kind.EVENT, "outcome": "ok"} | release)
    first = LoggedAction.objects.using(connection.alias).get(outcome="refused").pk
    texts = EntryText.objects.using(connection.alias).values_list("rowid", "text")
    return [(rowid - first + 1, text) for rowid, text in texts]


def test_totals_read_days_and_the_quarters_at_both_ends(db):
    day = quarter_of(NOON) // rollup_sql.DAY * rollup_sql.DAY
    for span, quarter, count in (
        *((1, day + number, 1) for number in range(3 * rollup_sql.DAY)),
        *((rollup_sql.DAY, day + number * rollup_sql.DAY, 100) for number in range(3)),
    ):
        LogCount.objects.create(
            kind="end", span=span, quarter=quarter, value="lost", count=count, first=1, last=1
        )
    midnight = NOON.replace(hour=0)
    for start, end, expected in (
        (0, 24, 100),
        (1, 23, 22 * 4),
        (-5, 25, 100 + 4),
        (23, 49, 4 + 100 + 4),
        (0, 72, 300),
    ):
        limits = (midnight + timedelta(hours=hours) for hours in (start, end))
        assert LogCount.objects.totals(["end"], *limits) == [("end", "lost", expected)]


@pytest.mark.usefixtures("own_as_default")
def test_bounds_of_a_time_hold_where_the_clock_was_set_back():
    """An entry is found by its time, wherever it is in the order of the log."""
    moments = [NOON + timedelta(days=days) for days in (0, 1, 9, 2, 3)]
    for at in moments:
        AuditEntry.objects.create(
            at=at, kind="event", action="sign_in", outcome="ok", actor_name="clock"
        )
    rows = LoggedAction.objects
    for since, until in ((1, 3), (2, 10), (9, 10), (4, 8)):
        limits = (NOON + timedelta(days=since), NOON + timedelta(days=until))
        found = rows.filter(begun_between(*limits)).values_list("at", flat=True)
        assert sorted(found) == sorted(at for at in moments if limits[0] <= at < limits[1])


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Sydney"])
def test_days_of_every_zone_are_counted_from_those_in_utc(db, zone):
    """Some days around the changes of the clocks have 23 or 25 hours."""
    first, days = date(2026, 3, 5), 40
    quarters = range(quarter_of(NOON.replace(2026, 3, 1, 0)), quarter_of(NOON.replace(2026, 4, 20)))
    daily: Counter[int] = Counter()
    for quarter in quarters:
        daily[quarter // rollup_sql.DAY * rollup_sql.DAY] += quarter % 7
    spans = ((1, {quarter: quarter % 7 for quarter in quarters}), (rollup_sql.DAY, daily))
    LogCount.objects.bulk_create(
        LogCount(kind="begun", span=span, quarter=at, value="", count=count, first=1, last=1)
        for span, counts in spans
        for at, count in counts.items()
    )
    midnights = [
        quarter_of(datetime.combine(first + timedelta(days=day), time(), ZoneInfo(zone)))
        for day in range(days + 1)
    ]
    found: Counter[int] = Counter()
    counts = LogCount.objects.by_periods("begun", midnights[:-1], midnights[-1])
    for quarter, _value, count in counts:
        found[bisect_right(midnights, quarter) - 1] += count
    assert found == {
        day: sum(quarter % 7 for quarter in range(*midnights[day : day + 2])) for day in range(days)
    }


@pytest.mark.usefixtures("own_as_default")
def test_no_action_is_looked_for_where_none_was_counted():
    """Otherwise the database reads the whole log for one."""
    rows = LoggedAction.objects
    AuditEntry.objects.create(
        at=NOON, kind="event", action="sign_in", outcome="ok", actor_name="clock"
    )
    first, last = NOON.replace(year=2000), NOON.replace(year=2100)
    for limits, expected in (((last, None), 0), ((None, first), 0), ((first, last), rows.count())):
        condition = begun_between(*limits)
        by_id = Q(*(each for each in condition.children if isinstance(each, tuple)))
        assert rows.filter(by_id).count() == expected
