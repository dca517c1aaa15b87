"""Install the trigger that counts entries by one list: migrating does, so nothing is left to do.

Without a migration, ``migrate`` would take the trigger of the version before for a changed one.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0106_delete_event_type_locks"),
    ]
    operations: list[migrations.operations.base.Operation] = []
