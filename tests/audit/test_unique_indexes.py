"""Unique indexes of SQLite: REPLACE through any of them, also a later one, is refused."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import IntegrityError

from dashboard.audit import triggers
from dashboard.audit.checks import check_triggers
from dashboard.audit.triggers import TABLE
from dashboard.audit.unique_indexes import conflicts, index_parts
from tests.audit.attacks import ALL_BUT_ID, FORGED_LIST, assert_all_refused, log, rows, run, write
from tests.audit.migrations import add_migration

pytestmark = pytest.mark.slow  # migrates databases

# An entry like the newest; the index makes them equal.
REPLACE = (
    f"REPLACE INTO {TABLE} ({ALL_BUT_ID}) SELECT {FORGED_LIST.removeprefix('id, ')}"
    f" FROM {TABLE} ORDER BY id DESC LIMIT 1"
)
INDEXES = {
    "plain": "(request_id)",
    "several columns": "(request_id, action DESC, kind)",
    "partial": "(request_id) WHERE kind = 'event' AND (outcome <> 'odd)')",
    "partial, by table and column": f"(request_id) WHERE {TABLE}.kind = 'event'",
    "expression": "(lower(request_id), coalesce(reason, ', ('))",
    "other collation": "(request_id COLLATE NOCASE ASC)",
    "comment": "(request_id /* ) */) -- the end",
}
UNIQUE_REQUEST = """
from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("dashboard", {leaf!r})]
    operations = [
        migrations.AddConstraint(
            "auditentry",
            models.UniqueConstraint(
                Lower("request_id"),
                condition=models.Q(kind="event", reason="") & ~models.Q(request_id=""),
                name="audit_unique_request",
            ),
        ),
    ]
"""


@pytest.mark.parametrize("own", ["sqlite"], indirect=True)
@pytest.mark.parametrize("index", INDEXES)
def test_replace_through_a_unique_index_is_refused(own, index):
    run(own, f"CREATE UNIQUE INDEX later ON {TABLE} {INDEXES[index]}")
    before, of_index = rows(own), f"{TABLE}{triggers.PREFIX}replace_later"
    assert triggers.faulty_triggers(own) == [of_index]
    assert [message.id for message in check_triggers(databases=[own.alias])] == ["audit.E001"]
    call_command("migrate", database=own.alias, verbosity=0)
    assert triggers.faulty_triggers(own) == []
    with pytest.raises(IntegrityError, match=triggers.REFUSAL):
        run(own, REPLACE)
    assert rows(own) == before
    run(own, f"DROP TRIGGER {of_index}")
    run(own, REPLACE)  # proves that the index is one to replace through
    assert (len(rows(own)), rows(own) == before) == (len(before), False)


@pytest.mark.parametrize("own", ["sqlite"], indirect=True)
def test_columns_and_indexes_with_spaces_are_guarded(own):
    run(own, f"ALTER TABLE {TABLE} ADD COLUMN \"my own at\" text DEFAULT 'x'")
    run(own, f'CREATE UNIQUE INDEX "two words" ON {TABLE} (request_id, "my own at")')
    triggers.install(own)
    before = rows(own)
    with pytest.raises(IntegrityError, match=triggers.REFUSAL):
        run(own, REPLACE)
    assert rows(own) == before


@pytest.mark.parametrize("own", ["sqlite"], indirect=True)
def test_trigger_goes_with_its_index(own):
    run(own, f"CREATE UNIQUE INDEX later ON {TABLE} (request_id)")
    triggers.install(own)
    run(own, "DROP INDEX later")
    assert triggers.faulty_triggers(own) == [f"{TABLE}{triggers.PREFIX}replace_later"]
    triggers.install(own)
    run(own, REPLACE)  # a plain INSERT by now
    assert_all_refused(own)


def test_constraint_of_a_later_migration_is_guarded(own, tmp_path, settings, monkeypatch):
    add_migration(UNIQUE_REQUEST, tmp_path, settings, monkeypatch)
    call_command("migrate", database=own.alias, verbosity=0)
    assert check_triggers(databases=[own.alias]) == []
    assert_all_refused(own)
    before = rows(own)
    with pytest.raises(IntegrityError):
        run(own, REPLACE if own.vendor == "sqlite" else REPLACE.replace("REPLACE", "INSERT"))
    assert rows(own) == before
    write(own, 1)
    assert rows(own)[:-1] == before


def test_one_outcome_is_still_reported_as_a_conflict(own):
    (first,) = log(own).filter(kind="outcome")
    first.pk, first._state.adding = None, True
    with pytest.raises(IntegrityError):
        first.save(using=own.alias)


@pytest.mark.parametrize("own", ["sqlite"], indirect=True)
def test_guard_uses_the_index(own):
    """A scan at each INSERT would take longer with each entry."""
    (index, condition), *others = list(conflicts(own.cursor(), TABLE))
    assert (index, others) == ("audit_one_outcome", [])
    with own.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN SELECT {condition} FROM {TABLE} AS NEW LIMIT 1")
        plan = [step for *_numbers, step in cursor.fetchall()]
    assert any("SEARCH dashboard_auditentry USING" in step for step in plan), plan


def test_parts_of_an_index():
    sql = (
        """CREATE UNIQUE INDEX "a (b" ON "t" ( lower("x,y") desc, 'a,'')', [z]) WHERE ("k" = ')')"""
    )
    assert index_parts(sql) == (['lower("x,y")', "'a,'')'", "[z]"], """WHERE ("k" = ')')""")
