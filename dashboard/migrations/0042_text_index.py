"""Create the indexes of texts, and fill that of holds; 0060 fills that of entries."""

from typing import Any

from django.db import migrations, models

from dashboard.audit import text_index, triggers
from dashboard.localization.searching import search_text

BATCH = 5000


def create(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        for table in text_index.TABLES:
            if connection.vendor == "sqlite":
                cursor.execute(f"CREATE VIRTUAL TABLE {table} USING fts5(text, tokenize='trigram')")
                continue
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(f"CREATE TABLE {table} (rowid bigint PRIMARY KEY, text text NOT NULL)")
            cursor.execute(f"CREATE INDEX {table}_words ON {table} USING gin (text gin_trgm_ops)")
        holds = apps.get_model("dashboard", "Hold").objects.using(connection.alias)
        rows = holds.values_list("pk", "client_name", "client_contact", "note")
        for pk, *texts in rows.order_by("pk").iterator(chunk_size=BATCH):
            if any(texts):
                cursor.execute(
                    f"INSERT INTO {text_index.TABLES[1]} (rowid, text) VALUES (%s, %s)",
                    [pk, search_text(*texts)],
                )


def drop(_apps: Any, schema_editor: Any) -> None:
    triggers.drop(schema_editor.connection)
    with schema_editor.connection.cursor() as cursor:
        for table in text_index.TABLES:
            cursor.execute(f"DROP TABLE {table}")


class Migration(migrations.Migration):

    dependencies = [("dashboard", "0040_audit_chain")]

    operations = [
        *(
            migrations.CreateModel(
                name=name,
                fields=[
                    ("rowid", models.BigIntegerField(primary_key=True, serialize=False)),
                    ("text", models.TextField()),
                ],
                options={"db_table": table, "abstract": False, "managed": False},
            )
            for name, table in zip(("EntryText", "HoldText"), text_index.TABLES, strict=True)
        ),
        migrations.RunPython(create, drop),
    ]
