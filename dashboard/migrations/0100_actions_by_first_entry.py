"""Find an action by its first entry: the index of random ids cost more than any other."""

from django.db import migrations, models

# As Django named it. To alter the field would copy the table on SQLite.
INDEX = "dashboard_loggedaction_action_id_a40a660c"


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0097_names_of_failed_sign_ins")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX {INDEX}",
                    f"CREATE INDEX {INDEX} ON dashboard_loggedaction (action_id)",
                )
            ],
            state_operations=[
                migrations.AlterField("loggedaction", "action_id", models.UUIDField())
            ],
        )
    ]
