from django.db import migrations, models


def create_group(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    groups.get_or_create(name="Wallboard")


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0020_hosts"),
    ]

    operations = [
        # Going back leaves the group: people may be in it.
        migrations.RunPython(create_group, migrations.RunPython.noop),
        migrations.AddField(
            model_name="preferences",
            name="board_calendar",
            field=models.BigIntegerField(null=True),
        ),
    ]
