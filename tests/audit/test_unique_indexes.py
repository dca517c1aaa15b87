"""Unique indexes of SQLite: REPLACE through any of them is refused."""

import pytest
from django.db import IntegrityError

from dashboard.audit import triggers
from tests.audit.attacks import log, run

pytestmark = pytest.mark.slow  # migrates databases

UNIQUE = """
    SELECT group_concat(info.name) FROM pragma_index_list(%s) AS list
    JOIN pragma_index_info(list.name) AS info
    WHERE list."unique" GROUP BY list.name ORDER BY 1
"""
# Where only the value of one column is that of another row.
REPLACED = {
    "entry": f"REPLACE INTO {triggers.LINKS} SELECT 99, entry_id, '', '' FROM {triggers.LINKS}",
    "position": f"REPLACE INTO {triggers.LINKS} SELECT position, 99, '', '' FROM {triggers.LINKS}",
    "first": f"REPLACE INTO {triggers.PRUNES} SELECT 99, first, '', until, at, ''"
    f" FROM {triggers.PRUNES}",
}


@pytest.mark.parametrize("own", ["sqlite"], indirect=True)
def test_every_unique_index_is_guarded(own):
    """TAKEN has a condition for each; of entries test_triggers has the attacks."""
    with own.cursor() as cursor:
        found = {
            table: [columns for (columns,) in cursor.execute(UNIQUE, [table]).fetchall()]
            for table in triggers.TABLES
        }
        cursor.execute(f"INSERT INTO {triggers.PRUNES} VALUES (1, 1, '', '', '', '')")
    assert found == {
        triggers.TABLE: ["action_id"],
        triggers.LINKS: ["entry_id", "position"],
        triggers.PRUNES: ["first", "position"],
    }
    for attack in REPLACED.values():
        with pytest.raises(IntegrityError, match=triggers.REFUSAL):
            run(own, attack)


def test_one_outcome_is_still_reported_as_a_conflict(own):
    (first,) = log(own).filter(kind="outcome")
    first.pk, first._state.adding = None, True
    with pytest.raises(IntegrityError):
        first.save(using=own.alias)


@pytest.mark.parametrize("own", ["sqlite"], indirect=True)
def test_guards_use_the_indexes(own):
    """A scan at each INSERT would take longer with each entry."""
    for table, taken in triggers.TAKEN.items():
        with own.cursor() as cursor:
            search = f"EXISTS (SELECT 1 FROM {table} WHERE {taken})"
            cursor.execute(f"EXPLAIN QUERY PLAN SELECT {search} FROM {table} AS NEW LIMIT 1")
            plan = [step for *_numbers, step in cursor.fetchall()]
        assert [step[:8] for step in plan if step.startswith("SCAN")] == ["SCAN NEW"], plan
