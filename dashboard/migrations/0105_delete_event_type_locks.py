"""Drop the rows that verbs wrote to take turns: PostgreSQL locks a number instead."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0104_former_clients"),
    ]

    operations = [
        migrations.DeleteModel(name="EventTypeLock"),
    ]
