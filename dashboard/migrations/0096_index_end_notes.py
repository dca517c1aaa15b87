"""Index why holds were released and taken over, in the words of those who did it."""

from typing import Any

from django.db import migrations
from django.db.models import Q

from dashboard.audit import text_index

TEXTS = ("client_name", "client_contact", "note", "end_note")


def index(apps: Any, _schema_editor: Any) -> None:
    holds = apps.get_model("dashboard", "Hold").objects
    entries = apps.get_model("dashboard", "AuditEntry").objects
    taken_over = entries.filter(action="take_over").values("hold")
    left_out = holds.filter(~Q(end_note="") | Q(pk__in=taken_over))
    for pk, *texts in left_out.values_list("pk", *TEXTS).iterator():
        text_index.index_hold(pk, *texts)


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0095_stored_answers")]

    operations = [migrations.RunPython(index, migrations.RunPython.noop)]
