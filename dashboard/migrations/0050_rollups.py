"""Tables of counts by quarter of an hour, which 0060 replaces before anything is counted."""

from django.db import migrations, models

from dashboard.audit import triggers


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0043_audit_actions")]

    operations = [
        migrations.CreateModel(
            name="ActionCount",
            fields=[
                ("quarter", models.BigIntegerField()),
                ("count", models.BigIntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "quarter",
                        "action",
                        "outcome",
                        "cause",
                        "ended",
                        "actor",
                        "event_type",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("action", models.CharField(max_length=20)),
                ("outcome", models.CharField(max_length=12)),
                ("cause", models.CharField(max_length=100)),
                ("ended", models.CharField(max_length=12)),
                ("actor", models.BigIntegerField()),
                ("event_type", models.BigIntegerField()),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="CallCount",
            fields=[
                ("quarter", models.BigIntegerField()),
                ("count", models.BigIntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "quarter",
                        "bucket",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("bucket", models.IntegerField()),
            ],
            options={"abstract": False},
        ),
        migrations.RunPython(migrations.RunPython.noop, triggers.drop_in_migration),
    ]
