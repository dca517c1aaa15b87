"""Remember when a client was erased from a hold; the log knows it of those before."""

from typing import Any

from django.db import migrations, models


def fill(apps: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    holds = apps.get_model("dashboard", "Hold").objects.using(alias)
    entries = apps.get_model("dashboard", "AuditEntry").objects.using(alias)
    for entry in entries.filter(action="erase").iterator():
        holds.filter(pk__in=entry.asked.get("holds", [])).update(erased_at=entry.at)


class Migration(migrations.Migration):

    dependencies = [("dashboard", "0060_logged_actions")]

    operations = [
        migrations.AddField(
            model_name="hold", name="erased_at", field=models.DateTimeField(null=True)
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
