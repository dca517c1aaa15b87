"""Nobody changes or removes an entry by plain SQL, on either database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError, SystemCheckError
from django.db import IntegrityError, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.models.signals import post_migrate

import dashboard.migrations
from dashboard.audit import triggers
from dashboard.audit.checks import check_triggers, connect
from dashboard.audit.models import AuditEntry, AuditEntryQuerySet
from tests.audit.attacks import BY_VENDOR, COLUMNS
from tests.audit.databases import migrated
from tests.audit.reset import lifted_triggers

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
VENDORS = ("sqlite", "postgresql")
EXPECTED = {"sqlite": list(triggers.SQLITE), "postgresql": list(triggers.POSTGRESQL)}


@pytest.fixture(scope="module", params=VENDORS)
def shared(request, tmp_path_factory, django_db_blocker) -> Iterator[BaseDatabaseWrapper]:
    """One database for all tests that leave it as it was."""
    with (
        django_db_blocker.unblock(),
        migrated(request.param, tmp_path_factory.mktemp("apart")) as connection,
    ):
        write(connection, 2)
        yield connection


@pytest.fixture(params=VENDORS)
def own(request, tmp_path, django_db_blocker) -> Iterator[BaseDatabaseWrapper]:
    """A database that one test may alter."""
    with django_db_blocker.unblock(), migrated(request.param, tmp_path) as connection:
        write(connection, 2)
        yield connection


def write(connection: BaseDatabaseWrapper, count: int) -> None:
    for _ in range(count):
        log(connection).create(
            at=NOON, kind="event", action="sign_in", outcome="ok", actor_name="staff"
        )


def log(connection: BaseDatabaseWrapper) -> AuditEntryQuerySet:
    return AuditEntry.objects.using(connection.alias)


def rows(connection: BaseDatabaseWrapper) -> list[tuple[object, ...]]:
    """All entries, only the columns that the model knows."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM {triggers.TABLE} ORDER BY id")
        return cursor.fetchall()


def run(connection: BaseDatabaseWrapper, sql: str) -> None:
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(sql)


def assert_all_refused(connection: BaseDatabaseWrapper) -> None:
    """Try every attack, and name those that were not refused or that changed something."""
    before, holes = rows(connection), []
    assert len(before) >= 2
    for name, sql in BY_VENDOR[connection.vendor].items():
        try:
            run(connection, sql)
        except IntegrityError as error:
            if triggers.REFUSAL not in str(error):
                holes.append(f"{name}: refused by something else, {error}")
        else:
            holes.append(f"{name}: not refused")
        if rows(connection) != before:
            holes.append(f"{name}: changed the log")
    assert holes == []


def test_the_model_has_the_table_that_the_triggers_guard():
    assert AuditEntry._meta.db_table == triggers.TABLE


def test_every_attack_is_refused_and_the_log_is_as_it_was(shared):
    assert_all_refused(shared)


def test_every_attack_would_work_if_no_trigger_stood_there(shared):
    before, harmless = rows(shared), []
    for name, sql in BY_VENDOR[shared.vendor].items():
        with transaction.atomic(using=shared.alias):
            with lifted_triggers(shared), shared.cursor() as cursor:
                cursor.execute(sql)
            if rows(shared) == before:
                harmless.append(name)
            transaction.set_rollback(True, using=shared.alias)
    assert harmless == []
    assert rows(shared) == before
    assert triggers.faults(shared) == []


def test_djangos_flush_is_refused_and_takes_nothing(shared):
    before = rows(shared)
    with pytest.raises(CommandError):
        call_command("flush", database=shared.alias, interactive=False, verbosity=0)
    assert rows(shared) == before


def test_the_log_still_takes_new_entries(own):
    before = rows(own)
    write(own, 1)
    assert rows(own)[:-1] == before
    assert len(rows(own)) == len(before) + 1


def test_an_entry_onto_an_existing_id_is_refused_by_the_orm_too(shared):
    before = rows(shared)
    taken = log(shared).newest_first()[0].pk
    forged = AuditEntry(pk=taken, at=NOON, kind="event", action="sign_out", actor_name="forged")
    with pytest.raises(IntegrityError), transaction.atomic(using=shared.alias):
        forged.save(using=shared.alias)
    with pytest.raises(IntegrityError), transaction.atomic(using=shared.alias):
        models.Model.save_base(forged, using=shared.alias, raw=True)  # as loaddata does
    assert rows(shared) == before


@pytest.mark.parametrize("shared", ["sqlite"], indirect=True)  # PostgreSQL knows a missing id
def test_no_entry_of_an_odd_id_can_stop_sqlite_from_taking_more(shared):
    named = ", ".join(COLUMNS)
    values = ", ".join("-1" if name == "id" else name for name in COLUMNS)
    with pytest.raises(IntegrityError, match=triggers.REFUSAL):
        run(shared, f"INSERT INTO {triggers.TABLE} ({named}) SELECT {values} FROM {triggers.TABLE}")


def test_cascades_from_people_and_holds_stop_at_the_log(own):
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


# --- A migration that rebuilds the table ------------------------------------------------------

WIDER = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", {leaf!r})]
    operations = [
        migrations.AddField(
            "auditentry", "place", models.CharField(max_length=20, db_default="office")
        ),
    ]
"""


@pytest.fixture
def wider(tmp_path, settings, monkeypatch) -> None:
    """The product's migrations and one more, which adds a column that SQLite rebuilds for."""
    package = tmp_path / "wider_migrations"
    source = Path(dashboard.migrations.__file__).parent
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    ((_app, leaf),) = MigrationLoader(None).graph.leaf_nodes("dashboard")
    (package / "9999_wider.py").write_text(WIDER.format(leaf=leaf))
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {"dashboard": "wider_migrations"}


def columns(connection: BaseDatabaseWrapper) -> set[str]:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, triggers.TABLE)
    return {column.name for column in described}


def test_after_a_migration_that_rebuilds_the_table_every_attack_is_refused(own, wider):
    before = rows(own)
    call_command("migrate", database=own.alias, verbosity=0)
    assert columns(own) == {*COLUMNS, "place"}
    assert rows(own) == before
    assert triggers.faults(own) == []
    assert_all_refused(own)
    call_command("check", databases=[own.alias], verbosity=0)


def test_a_rebuild_alone_loses_the_triggers_and_the_check_says_so(own, wider):
    app = apps.get_app_config("dashboard")
    post_migrate.disconnect(sender=app, dispatch_uid="audit.triggers")
    try:
        call_command("migrate", database=own.alias, verbosity=0)
    finally:
        connect(app)
    # PostgreSQL alters the table in place, and the triggers stay.
    lost = EXPECTED["sqlite"] if own.vendor == "sqlite" else []
    assert triggers.faults(own) == lost
    assert [message.id for message in check_triggers(databases=[own.alias])] == [
        "audit.E001"
    ] * bool(lost)


def test_migrating_back_to_nothing_finds_no_table_to_guard(own):
    call_command("migrate", "dashboard", "zero", database=own.alias, verbosity=0)
    assert triggers.faults(own) == []
    assert check_triggers(databases=[own.alias]) == []


# --- The check --------------------------------------------------------------------------------

ALTERED = {
    "sqlite": {f"DROP TRIGGER {name}": name for name in EXPECTED["sqlite"]},
    "postgresql": {
        **{f"DROP TRIGGER {name} ON {triggers.TABLE}": name for name in EXPECTED["postgresql"]},
        **{
            f"ALTER TABLE {triggers.TABLE} {how} TRIGGER {name}": name
            for name in EXPECTED["postgresql"]
            for how in ("DISABLE", "ENABLE", "ENABLE REPLICA")
        },
    },
}


def test_the_check_names_each_trigger_that_is_missing_or_switched_off(own):
    for sql, name in ALTERED[own.vendor].items():
        run(own, sql)
        assert triggers.faults(own) == [name], sql
        (message,) = check_triggers(databases=[own.alias])
        assert (message.id, name in message.msg) == ("audit.E001", True)
        triggers.lay(own)
        assert triggers.faults(own) == [], sql
    assert_all_refused(own)


WEAKENED = {
    "sqlite": [
        "DROP TRIGGER {table}_no_update",
        "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN false"
        " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    ],
    "postgresql": [
        "CREATE OR REPLACE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW WHEN (false) EXECUTE FUNCTION {table}_refuse()",
        "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change",
    ],
}


def test_the_check_sees_a_trigger_that_was_made_to_refuse_nothing(own):
    for sql in WEAKENED[own.vendor]:
        run(own, sql.format(table=triggers.TABLE))
    assert len(triggers.faults(own)) == 1
    run(own, BY_VENDOR[own.vendor]["update"])  # it is real: this one gets through


@pytest.mark.parametrize("own", ["postgresql"], indirect=True)  # SQLite's stand alone
def test_the_check_sees_a_function_that_was_made_to_refuse_nothing(own):
    run(
        own,
        f"CREATE OR REPLACE FUNCTION {triggers.FUNCTION}() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NEW; END $$",
    )
    assert triggers.faults(own) == EXPECTED["postgresql"]
    triggers.lay(own)
    assert_all_refused(own)


def test_the_commands_fail_until_the_triggers_are_laid_anew(own):
    with lifted_triggers(own):
        with pytest.raises(SystemCheckError, match=r"audit\.E001"):
            call_command("check", databases=[own.alias], verbosity=0)
        with pytest.raises(SystemCheckError, match="migrate --skip-checks"):
            call_command("migrate", database=own.alias, verbosity=0, skip_checks=False)
        call_command("migrate", database=own.alias, verbosity=0, skip_checks=True)
        assert triggers.faults(own) == []
    call_command("check", databases=[own.alias], verbosity=0)


def test_a_database_that_we_cannot_guard_is_refused(shared, monkeypatch):
    monkeypatch.setattr(shared, "vendor", "oracle")
    (message,) = check_triggers(databases=[shared.alias])
    assert message.id == "audit.E002"
