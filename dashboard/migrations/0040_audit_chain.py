"""Chain the audit log: a content hash for new entries, and a link for every entry there is."""

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
        made = []
        for position, entry in enumerate(batch, start=position + 1):
            content, last = chain.content_hash(entry), entry.id
            previous = chain.link_hash(previous, position, last, content)
            made.append(
                links(position=position, entry_id=last, content_hash=content, hash=previous)
            )
        links.objects.using(alias).bulk_create(made)


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
        migrations.RunPython(chain_existing, triggers.drop_in_migration),
    ]
