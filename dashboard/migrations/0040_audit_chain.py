"""Chain the audit log: a content hash for new entries, and a link for every entry there is."""

from collections.abc import Iterator
from typing import Any

from django.db import migrations, models

from dashboard.audit import chain, triggers

BATCH = 5000


def chain_existing(apps: Any, schema_editor: Any) -> None:
    """Link all entries in the order of their ids."""
    alias = schema_editor.connection.alias
    entries = apps.get_model("dashboard", "AuditEntry").objects.using(alias).order_by("id")
    links = apps.get_model("dashboard", "AuditLink")
    position, previous, last = 0, chain.FIRST, 0
    while batch := list(entries.filter(id__gt=last)[:BATCH]):
        made = list(chain.links_of(hashed(batch), previous, position))
        links.objects.using(alias).bulk_create(
            links(position=at, entry_id=entry_id, content_hash=content, hash=link)
            for at, entry_id, content, link in made
        )
        position, _id, _content, previous = made[-1]
        last = batch[-1].id


def drop_triggers(_apps: Any, schema_editor: Any) -> None:
    """Drop the triggers, one of which writes into the table that goes."""
    triggers.drop(schema_editor.connection)


def hashed(entries: Any) -> Iterator[tuple[int, str]]:
    for entry in entries:
        yield entry.id, chain.content_hash(entry)


class Migration(migrations.Migration):

    dependencies = [("dashboard", "0035_call_totals")]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="content_hash",
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="AuditLink",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("content_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={"abstract": False},
        ),
        migrations.RunPython(chain_existing, drop_triggers),
    ]
