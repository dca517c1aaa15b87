"""Index why holds were released and taken over, in the words of those who did it."""

from typing import Any

from django.db import migrations
from django.db.models import Q

from dashboard.audit import text_index
from dashboard.localization.searching import search_text

TEXTS = ("client_name", "client_contact", "note", "end_note")


def index(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    holds = apps.get_model("dashboard", "Hold").objects.using(connection.alias)
    entries = apps.get_model("dashboard", "AuditEntry").objects.using(connection.alias)
    taken_over = entries.filter(action="take_over").values("hold")
    left_out = holds.filter(~Q(end_note="") | Q(pk__in=taken_over))
    with connection.cursor() as cursor:
        for pk, *texts in left_out.values_list("pk", *TEXTS).iterator():
            cursor.execute(f"DELETE FROM {text_index.HOLDS} WHERE rowid = %s", [pk])  # noqa: S608
            if any(texts):
                values = (pk, search_text(*texts))
                cursor.execute(
                    f"INSERT INTO {text_index.HOLDS} (rowid, text) VALUES (%s, %s)",  # noqa: S608
                    values,
                )


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0095_stored_answers")]

    operations = [migrations.RunPython(index, migrations.RunPython.noop)]
