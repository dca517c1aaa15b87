"""Counts and text index that differ from the entries, changed in SQL."""

from datetime import timedelta

import pytest
from django.core.management.base import CommandError
from django.db import connection, transaction

from dashboard.audit import (
    action_sql,
    index_verification,
    retention,
    rollup_sql,
    text_index,
    trail,
)
from dashboard.audit.models import AuditEntry
from dashboard.audit.triggers import TABLE
from dashboard.holds.models import Hold
from tests.audit.recorded import NOON, extend, fail_to_place
from tests.audit.test_retention import BEFORE, OLD, YOUNG, prune, write
from tests.commands import output

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("immediate_links")]
NEWEST = f"(SELECT max(id) FROM {TABLE})"
TAMPERED = {
    "more actions": (f"UPDATE {rollup_sql.COUNTS} SET count = count + 1", "counts"),
    "fewer actions": (f"DELETE FROM {rollup_sql.COUNTS} WHERE value = 'refused'", "counts"),
    "faster answers": (
        f"UPDATE {rollup_sql.COUNTS} SET value = '9' WHERE kind = 'answered' AND span = 1"
        f" AND value = (SELECT max(value) FROM {rollup_sql.COUNTS} WHERE kind = 'answered')",
        "counts",
    ),
    "days without their quarters": (
        f"UPDATE {rollup_sql.COUNTS} SET count = count + 1 WHERE span > 1",
        "counts",
    ),
    "hidden action": (f"DELETE FROM {action_sql.ACTIONS} WHERE outcome = 'refused'", "action"),
    "another person": (f"UPDATE {action_sql.ACTIONS} SET actor = actor + 1", "action"),
    "about another person": (
        f"UPDATE {action_sql.ACTIONS} SET about = 'x' WHERE action = 'person_added'",
        "action",
    ),
    "about no one": (
        f"UPDATE {action_sql.ACTIONS} SET about = NULL WHERE action = 'sign_in_failed'",
        "action",
    ),
    "hidden text": (f"DELETE FROM {text_index.ENTRIES}", "text"),
    "other text": (f"UPDATE {text_index.ENTRIES} SET text = 'x'", "text"),
    "text of no entry": (
        f"INSERT INTO {text_index.ENTRIES} (rowid, text) SELECT {NEWEST} + 1, 'x'",
        "text",
    ),
}
IN_SQLITE = {
    "hidden words": (f"DELETE FROM {text_index.ENTRIES}_data WHERE id > 10", "words"),
}


@pytest.fixture
def mixed(staff, hold) -> None:
    extend(staff, hold)
    fail_to_place(staff)
    failed = {"action": trail.Action.SIGN_IN_FAILED, "outcome": trail.Outcome.REFUSED}
    trail.event(**failed, by=None, actor_name="Stáff", address="192.0.2.1", now=NOON)


def test_name_at_sign_in_may_be_stored_as_it_is_written(mixed):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {action_sql.ACTIONS} SET about = 'STÁFF' WHERE about = 'Stáff'")
    assert index_verification.fault() is None


def test_spaces_of_another_database_are_no_difference(mixed):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {text_index.ENTRIES} SET text = replace(text, ' ', '  ')")
    assert index_verification.fault() is None


def test_each_difference_is_named(mixed):
    assert index_verification.fault() is None
    tampered = TAMPERED | (IN_SQLITE if connection.vendor == "sqlite" else {})
    found = {}
    for name, (statement, _kind) in tampered.items():
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)
            fault = index_verification.fault()
            found[name] = fault and fault.kind
            transaction.set_rollback(True)
    assert found == {name: kind for name, (_statement, kind) in tampered.items()}


@pytest.mark.slow
@pytest.mark.parametrize("own", ["sqlite"], indirect=True)  # whose file others may write
def test_index_that_leaves_an_action_out_is_named(own, monkeypatch):
    monkeypatch.setattr(index_verification, "connection", own)
    locked = []

    def watch(execute, sql, *more):
        if sql.startswith("PRAGMA integrity_check"):  # which reads the whole file
            locked.append(own.in_atomic_block)
        return execute(sql, *more)

    with own.execute_wrapper(watch):
        intact = index_verification.are_indexes_intact()
    assert locked == [False]
    part, whole = "sql || ' WHERE id < 0'", "replace(sql, ' WHERE id < 0', '')"
    with own.cursor() as cursor:
        for definition, statement in ((part, "REINDEX logged_action"), (whole, "SELECT 1")):
            cursor.execute("PRAGMA writable_schema = ON")
            change = f"UPDATE sqlite_master SET sql = {definition} WHERE name = 'logged_action'"
            cursor.execute(change)
            cursor.execute("PRAGMA writable_schema = RESET")
            cursor.execute(statement)
    assert (intact, index_verification.are_indexes_intact()) == (True, False)


def test_what_retention_removed_is_left_out():
    write(2, at=OLD + timedelta(hours=1))  # then the clock was set back
    write(2)
    write(2, at=YOUNG)
    prune(retention.removable(BEFORE, Hold.OPEN, most=2, now=YOUNG))
    prune()
    assert index_verification.fault() is None


def test_command_compares_them_and_records_the_fault(mixed):
    said = output("audit_verify", "--indexes")
    assert "entries, their actions, the counts and the text index: nothing was changed" in said
    with connection.cursor() as cursor:
        cursor.execute(TAMPERED["more actions"][0])
    with pytest.raises(CommandError, match="counts of the pictures differ"):
        output("audit_verify", "--indexes")
    entry = AuditEntry.objects.newest_first()[0]
    assert (entry.outcome, entry.after["fault"]) == ("refused", "counts")
