"""Remember when a client was erased from a hold; the log knows it of those before."""

from typing import Any

from django.db import migrations, models


def fill(apps: Any, _schema_editor: Any) -> None:
    holds = apps.get_model("dashboard", "Hold").objects
    for entry in apps.get_model("dashboard", "AuditEntry").objects.filter(action="erase"):
        holds.filter(pk__in=entry.asked.get("holds", [])).update(erased_at=entry.at)


class Migration(migrations.Migration):

    dependencies = [("dashboard", "0065_fold_entry_texts")]

    operations = [
        migrations.AddField(
            model_name="hold", name="erased_at", field=models.DateTimeField(null=True)
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
