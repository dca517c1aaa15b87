"""Triggers refuse every change of the log by SQL, on both databases."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction

from dashboard.audit import triggers
from tests.audit.attacks import BY_VENDOR, COLUMNS, NOON, assert_all_refused, log, rows, run
from tests.audit.reset import without_triggers

pytestmark = pytest.mark.slow  # migrates databases


def test_every_attack_is_refused(shared):
    assert_all_refused(shared)


def test_every_attack_works_without_triggers(shared):
    before, ineffective = rows(shared), []
    for name, sql in BY_VENDOR[shared.vendor].items():
        with transaction.atomic(using=shared.alias):
            with without_triggers(shared), shared.cursor() as cursor:
                cursor.execute(sql)
            if rows(shared) == before:
                ineffective.append(name)
            transaction.set_rollback(True, using=shared.alias)
    assert ineffective == []
    assert rows(shared) == before
    assert triggers.faulty_triggers(shared) == []


def test_flush_is_refused(shared):
    before = rows(shared)
    with pytest.raises(CommandError):
        call_command("flush", database=shared.alias, interactive=False, verbosity=0)
    assert rows(shared) == before


@pytest.mark.parametrize("odd", [-1, 2**63 - 1])
@pytest.mark.parametrize("shared", ["sqlite"], indirect=True)  # PostgreSQL has NULL and a sequence
def test_sqlite_refuses_an_id_that_would_block_new_entries(shared, odd):
    named = ", ".join(COLUMNS)
    values = ", ".join(str(odd) if name == "id" else name for name in COLUMNS)
    with pytest.raises(IntegrityError, match=triggers.REFUSAL):
        run(shared, f"INSERT INTO {triggers.TABLE} ({named}) SELECT {values} FROM {triggers.TABLE}")


def test_cascades_are_refused(own):
    with own.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dashboard_user (username, password, first_name, last_name, email,"
            " is_superuser, is_staff, is_active, sessions_ended, date_joined)"
            " VALUES ('staff', '', '', '', '', false, false, true, 0, '2026-11-24 12:00:00')"
        )
        cursor.execute("SELECT id FROM dashboard_user WHERE username = 'staff'")
        (person,) = cursor.fetchone()
    log(own).create(
        at=NOON, kind="event", action="sign_in", outcome="ok", actor_id=person, actor_name="staff"
    )
    with pytest.raises(IntegrityError):
        run(own, "DELETE FROM dashboard_user")
    assert log(own).filter(actor_id=person).count() == 1
