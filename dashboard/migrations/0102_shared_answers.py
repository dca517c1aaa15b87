"""Keep what cal.com lists in one table, also that of calendars; free times are asked for anew."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def copy_lists(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    answers = apps.get_model("dashboard", "StoredAnswer").objects.using(database)
    listed = apps.get_model("dashboard", "Calendar").objects.using(database)
    for calendar in listed.exclude(answered_at=None):
        answers.create(
            source=calendar.source,
            name=f"calendar {calendar.pk}",
            asked_at=calendar.asked_at,
            answered_at=calendar.answered_at,
            value={"entries": calendar.listed, "unread": calendar.unread},
            cause=calendar.cause,
        )


def forget_answers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Delete what cal.com is asked for anew, because before this migration names were shorter."""
    answers = apps.get_model("dashboard", "StoredAnswer").objects
    answers.using(schema_editor.connection.alias).all().delete()


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0101_put_a_hold_aside")]

    operations = [
        migrations.DeleteModel("FreeTimes"),
        migrations.AlterField("storedanswer", "name", models.CharField(max_length=60)),
        migrations.AlterField("storedanswer", "asked_at", models.DateTimeField(db_index=True)),
        migrations.AddField("storedanswer", "is_under_way", models.BooleanField(default=False)),
        migrations.RunPython(copy_lists, forget_answers),
        *(
            migrations.RemoveField("calendar", name)
            for name in ("source", "asked_at", "answered_at", "listed", "unread", "cause")
        ),
    ]
