"""Tell PostgreSQL how many actions a log has; its samples of a large one make them too few."""

from typing import Any

from django.db import migrations

# Shares of the rows that are distinct: an action has two or three entries, and one answer or two.
SHARES = {"action_id": 0.4, "upstream_request_id": 0.4}


def set_shares(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for column, share in SHARES.items():
            schema_editor.execute(
                f"ALTER TABLE dashboard_auditentry ALTER {column} SET (n_distinct = -{share})"
            )
        schema_editor.execute("ANALYZE dashboard_auditentry")


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0082_audit_actions_2")]

    operations = [migrations.RunPython(set_shares, migrations.RunPython.noop)]
