"""System check of the triggers, and migrations that rebuild the table."""

import hashlib
import secrets
import shutil
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_migrate

import dashboard.migrations
from dashboard.audit import triggers
from dashboard.audit.triggers import check_triggers, install_triggers
from tests.audit.attacks import BY_VENDOR, COLUMNS, assert_all_refused, rows, run
from tests.audit.conftest import VENDORS
from tests.audit.databases import migrated
from tests.audit.reset import without_triggers

pytestmark = pytest.mark.slow  # rebuilds tables; the fast lane has test_append_only

# On the table of entries; PostgreSQL keeps them when a migration alters it.
EXPECTED = {
    "sqlite": list(triggers.sqlite_triggers(triggers.TABLE)),
    "postgresql": list(triggers.postgresql_triggers(triggers.TABLE)),
}
# Text of all triggers, and the migration since which it is so. Without a new one, even with no
# operations, ``migrate`` takes the triggers of the version before for tampering, and refuses.
DIGEST = "ed83e9deb3ab13f5"
SINCE = "0107_counters_in_one_list"


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
    """Add a migration with a new column, for which SQLite rebuilds the table."""
    package = tmp_path / f"migrations_{secrets.token_hex(4)}"  # Python keeps imported ones
    own = Path(dashboard.migrations.__file__).parent
    shutil.copytree(own, package, ignore=shutil.ignore_patterns("__pycache__"))
    ((_app, leaf),) = MigrationLoader(None).graph.leaf_nodes("dashboard")
    (package / "9999_more.py").write_text(WIDER.format(leaf=leaf))
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {"dashboard": package.name}


def columns(connection: BaseDatabaseWrapper) -> set[str]:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, triggers.TABLE)
    return {column.name for column in described}


def test_attacks_are_refused_after_a_rebuild(own, wider):
    before = rows(own)
    call_command("migrate", database=own.alias, verbosity=0)
    assert columns(own) == {*COLUMNS, "place"}
    assert rows(own) == before
    assert triggers.faulty_triggers(own) == []
    assert_all_refused(own)
    call_command("check", databases=[own.alias], verbosity=0)


def test_changed_triggers_come_with_a_migration():
    makers = (triggers.sqlite_triggers, triggers.postgresql_triggers)
    found = [item for make in makers for table in triggers.TABLES for item in make(table).items()]
    texts = [text for name, trigger in found for text in (name, *trigger)]
    assert hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16] == DIGEST
    assert ("dashboard", SINCE) in MigrationLoader(None).disk_migrations


def test_check_reports_triggers_lost_by_a_rebuild(own, wider):
    app = apps.get_app_config("dashboard")
    post_migrate.disconnect(sender=app, dispatch_uid="audit.triggers")
    try:
        call_command("migrate", database=own.alias, verbosity=0)
    finally:
        post_migrate.connect(install_triggers, sender=app, dispatch_uid="audit.triggers")
    # PostgreSQL alters the table in place, and the triggers stay.
    lost = EXPECTED["sqlite"] if own.vendor == "sqlite" else []
    assert triggers.faulty_triggers(own) == lost
    assert [message.id for message in check_triggers(databases=[own.alias])] == [
        "audit.E001"
    ] * bool(lost)


@pytest.mark.parametrize("vendor", VENDORS)
def test_check_passes_without_the_table(vendor, tmp_path, django_db_blocker):
    with django_db_blocker.unblock(), migrated(vendor, tmp_path, is_empty=True) as new:
        assert triggers.faulty_triggers(new) == []
        assert check_triggers(databases=[new.alias]) == []


@pytest.mark.slow  # undoes all migrations
def test_all_migrations_can_be_undone(own):
    call_command("migrate", "dashboard", "zero", database=own.alias, verbosity=0)
    assert triggers.faulty_triggers(own) == []


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


def test_check_names_missing_and_disabled_triggers(own):
    for sql, name in ALTERED[own.vendor].items():
        run(own, sql)
        assert triggers.faulty_triggers(own) == [name], sql
        (message,) = check_triggers(databases=[own.alias])
        assert (message.id, name in message.msg) == ("audit.E001", True)
        triggers.install(own)
        assert triggers.faulty_triggers(own) == [], sql
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


def test_check_reports_a_weakened_trigger(own):
    for sql in WEAKENED[own.vendor]:
        run(own, sql.format(table=triggers.TABLE))
    assert len(triggers.faulty_triggers(own)) == 1
    run(own, BY_VENDOR[own.vendor]["update"])  # proves that the trigger is weakened


@pytest.mark.parametrize("own", ["postgresql"], indirect=True)  # SQLite has no function
def test_check_reports_a_weakened_function(own):
    run(
        own,
        f"CREATE OR REPLACE FUNCTION {triggers.FUNCTION}() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN NEW; END $$",
    )
    assert triggers.faulty_triggers(own) == [
        f"{table}_no_{guard}" for table in triggers.TABLES for guard in ("change", "truncate")
    ]
    triggers.install(own)
    assert_all_refused(own)


def test_commands_fail_until_triggers_are_installed(own):
    with without_triggers(own):
        with pytest.raises(SystemCheckError, match=r"audit\.E001"):
            call_command("check", databases=[own.alias], verbosity=0)
        with pytest.raises(SystemCheckError, match="migrate --skip-checks"):
            call_command("migrate", database=own.alias, verbosity=0, skip_checks=False)
        call_command("migrate", database=own.alias, verbosity=0, skip_checks=True)
        assert triggers.faulty_triggers(own) == []
    call_command("check", databases=[own.alias], verbosity=0)


KEEP_OUT = {
    "sqlite": "CREATE TRIGGER keep_out BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END",
    "postgresql": "CREATE RULE keep_out AS ON INSERT TO {table} DO INSTEAD NOTHING",
}


def test_check_reports_what_keeps_entries_out(own):
    run(own, KEEP_OUT[own.vendor].format(table=triggers.TABLE))
    assert triggers.faulty_triggers(own) == ["keep_out"]
    (message,) = check_triggers(databases=[own.alias])
    assert (message.id, "keep_out" in message.msg) == ("audit.E001", True)


def test_check_tells_a_newer_version_from_tampering(own):
    MigrationRecorder(own).record_applied("dashboard", "9999_of_a_newer_version")
    assert check_triggers(databases=[own.alias]) == []  # workers serve until they are reloaded
    triggers.drop(own)
    (message,) = check_triggers(databases=[own.alias])
    assert message.id == "audit.E001"
    assert message.hint.startswith("A newer version of Holdfast has migrated this database")


def test_migrate_passes_its_own_check_while_migrations_are_pending(own, wider):
    triggers.drop(own)
    (message,) = check_triggers(databases=[own.alias])
    assert message.id == "audit.W001"
    call_command("migrate", database=own.alias, verbosity=0, skip_checks=False)
    assert check_triggers(databases=[own.alias]) == []
