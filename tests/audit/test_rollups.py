"""Rollups: what is counted with each entry, and how shares of a histogram are read."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command

from dashboard.accounts.models import User
from dashboard.audit import rollup_sql
from dashboard.audit.models import AuditEntry
from dashboard.audit.rollups import ActionCount, CallCount, percentile, quarter_of
from dashboard.audit.trail import Action, Kind
from tests.audit.recorded import NOON

LATE = NOON + timedelta(seconds=899)  # the next second is in another quarter of an hour


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ({}, 0.5, None),
        ({100: 1}, 0.5, 100),
        ({100: 1}, 0.95, 100),
        ({100: 2, 200: 2}, 0.5, 100),
        ({100: 2, 200: 3}, 0.5, 200),
        ({50: 19, 5000: 1}, 0.95, 50),
        ({50: 18, 5000: 2}, 0.95, 5000),
        ({100: 0, 200: 1}, 0.5, 200),
        ({100: 0}, 0.5, None),
    ],
)
def test_percentile(counts, share, expected):
    assert percentile(counts, share) == expected


def test_quarter_starts_at_its_first_second():
    assert quarter_of(NOON) * rollup_sql.QUARTER == NOON.timestamp()
    assert quarter_of(NOON + timedelta(seconds=899.999)) == quarter_of(NOON)
    assert quarter_of(NOON + timedelta(seconds=900)) == quarter_of(NOON) + 1


def kept(connection) -> list[list[tuple]]:
    """Return both rollups as sorted rows."""
    return [
        sorted(model.objects.using(connection.alias).values_list(*key.split(", "), "count"))
        for model, key in (
            (ActionCount, rollup_sql.ACTION_KEY),
            (CallCount, rollup_sql.CALL_KEY),
        )
    ]


def record(connection, *entries: dict) -> None:
    """Write the entries of one action."""
    action_id = uuid.uuid4()
    for number, columns in enumerate(entries):
        same = {"at": LATE + timedelta(seconds=number), "actor_name": "ada", "action_id": action_id}
        AuditEntry.objects.using(connection.alias).create(**same, **columns)


def test_each_entry_is_counted_as_it_is_written(own):
    ada, ben = (User.objects.using(own.alias).create(username=name).pk for name in ("ada", "ben"))
    others = len(kept(own)[0])
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
    first = quarter_of(LATE)
    actions, calls = kept(own)
    assert [row for row in actions if row[0] == first] == [
        (first, "expire", "", "", "", 0, 0, 1),
        (first, "expire", "ok", "", "expired", 0, 0, 1),
        (first, "place", "", "", "", 0, 0, 1),
        (first, "place", "", "", "", ada, 30, 1),
        (first, "place", "refused", "taken", "", ada, 30, 1),
        (first, "release", "", "", "", 0, 0, 3),
        (first, "release", "ok", "", "", 0, 0, 2),
        (first, "release", "ok", "", "released", 0, 0, 1),
    ]
    assert len(actions) == others + 8
    assert calls == [(first, 60_000, 1), (first + 1, 250, 4)]
    for migration in ("0042", "0050"):  # the second counts the entries anew
        call_command("migrate", "dashboard", migration, database=own.alias, verbosity=0)
    assert kept(own) == [actions, calls]
