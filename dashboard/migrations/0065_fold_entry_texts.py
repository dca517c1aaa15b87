"""Fold the texts of entries as new ones are folded: they were in lower case only."""

from typing import Any

from django.db import migrations

from dashboard.audit import fold_sql, text_index


def refold(_apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    if connection.vendor == "sqlite":
        differs = "text GLOB '*[^ -~]*' OR instr(text, '''') OR instr(text, '`')"
    else:
        differs = "octet_length(text) <> length(text) OR text ~ '[''`]'"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {text_index.ENTRIES}"
            f" SET text = {fold_sql.folded(connection.vendor, 'text')} WHERE {differs}"
        )


class Migration(migrations.Migration):

    dependencies = [("dashboard", "0050_rollups")]

    operations = [migrations.RunPython(refold, migrations.RunPython.noop)]
