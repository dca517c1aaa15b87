"""One row for each action, by which the log is searched, and counts by day beside the quarters."""

from typing import Any

from django.db import migrations, models

from dashboard.audit import action_sql, rollup_sql, text_index, text_sql, triggers

PARTIAL = ("cause", "ended", "hold", "event_type", "about", "address", "request_id")
# Those that the table has here: a later migration may add others.
COLUMNS = (
    "id, action_id, at, action, actor, outcome, cause, ended, hold, event_type, about, address,"
    " request_id"
)
# Another program may have written two ends of an action.
ACTIONS = f"INSERT INTO {action_sql.ACTIONS} ({COLUMNS}) {{}} ON CONFLICT (id) DO NOTHING"
TEXTS = f"INSERT INTO {text_index.ENTRIES} (rowid, text) {{}}"
HOLDS_EVENT_TYPE = f"""
    UPDATE {action_sql.ACTIONS} SET event_type =
        (SELECT h.event_type_id FROM dashboard_hold h WHERE h.id = {action_sql.ACTIONS}.hold)
    WHERE event_type IS NULL AND hold IS NOT NULL
"""


def fill(_apps: Any, schema_editor: Any) -> None:
    """Insert and count the actions there are, and leave fewer texts in the index."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {action_sql.ENTRIES} LIMIT 1")
        if cursor.fetchone() is None:
            return  # a new database, in which what is counted today may have no column yet
        cursor.execute(ACTIONS.format(action_sql.all_actions(connection.vendor, COLUMNS)))
        cursor.execute(HOLDS_EVENT_TYPE)
        for statement in rollup_sql.statements(connection.vendor):
            cursor.execute(statement)
        cursor.execute(f"DELETE FROM {text_index.ENTRIES}")
        cursor.execute(TEXTS.format(text_sql.all_texts(connection.vendor)))


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0050_rollups")]

    operations = [
        migrations.RunPython(
            triggers.drop_in_migration, migrations.RunPython.noop
        ),  # installed after migrations
        migrations.CreateModel(
            name="LogCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind",
                        "span",
                        "quarter",
                        "value",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.CharField(max_length=12)),
                ("span", models.SmallIntegerField()),
                ("quarter", models.BigIntegerField()),
                ("value", models.CharField(max_length=100)),
                ("count", models.BigIntegerField()),
                ("first", models.BigIntegerField()),
                ("last", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="LoggedAction",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("action_id", models.UUIDField(db_index=True)),
                ("at", models.DateTimeField()),
                ("action", models.CharField(max_length=20)),
                ("actor", models.BigIntegerField(null=True)),
                ("outcome", models.CharField(max_length=12)),
                ("cause", models.CharField(max_length=100, null=True)),
                ("ended", models.CharField(max_length=12, null=True)),
                ("hold", models.BigIntegerField(null=True)),
                ("event_type", models.BigIntegerField(null=True)),
                ("about", models.CharField(max_length=150, null=True)),
                ("address", models.CharField(max_length=45, null=True)),
                ("request_id", models.CharField(max_length=64, null=True)),
            ],
        ),
        migrations.RunPython(fill, triggers.drop_in_migration),
        migrations.DeleteModel(
            name="ActionCount",
        ),
        migrations.DeleteModel(
            name="CallCount",
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="audit_outcome",
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="audit_actor",
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["upstream_request_id"], name="audit_upstream"),
        ),
        migrations.AddIndex(
            model_name="loggedaction",
            index=models.Index(fields=["actor", "id"], name="logged_actor"),
        ),
        migrations.AddIndex(
            model_name="loggedaction",
            index=models.Index(fields=["action", "id"], name="logged_action"),
        ),
        migrations.AddIndex(
            model_name="loggedaction",
            index=models.Index(fields=["outcome", "id"], name="logged_outcome"),
        ),
        migrations.AddIndex(
            model_name="loggedaction",
            index=models.Index(fields=["actor", "action", "id"], name="logged_actor_action"),
        ),
        migrations.AddIndex(
            model_name="loggedaction",
            index=models.Index(fields=["actor", "outcome", "id"], name="logged_actor_outcome"),
        ),
        migrations.AddIndex(
            model_name="loggedaction",
            index=models.Index(fields=["action", "outcome", "id"], name="logged_action_outcome"),
        ),
        *(
            migrations.AddIndex(
                model_name="loggedaction",
                index=models.Index(
                    condition=models.Q((f"{name}__isnull", False)),
                    fields=[name, "id"],
                    name=f"logged_{name}",
                ),
            )
            for name in PARTIAL
        ),
    ]
