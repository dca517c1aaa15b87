from django.db import migrations, models

GROUPS = ("Staff", "Admins")


def lay_groups(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    for name in GROUPS:
        groups.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("dashboard", "0001_initial"),
    ]

    operations = [
        # Going back leaves the groups: people may be in them, and foreign keys with them.
        migrations.RunPython(lay_groups, migrations.RunPython.noop),
        migrations.CreateModel(
            name="SignInGuesses",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("count", models.PositiveIntegerField(default=0)),
                ("last_at", models.DateTimeField()),
                ("wait_until", models.DateTimeField()),
                ("told", models.BooleanField(default=False)),
            ],
            options={
                "indexes": [models.Index(fields=["last_at"], name="guesses_last_at")],
            },
        ),
    ]
