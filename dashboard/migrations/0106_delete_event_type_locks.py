"""Drop the rows that verbs wrote to take turns: PostgreSQL locks a number instead."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0105_renewed_signatures"),
    ]

    operations = [
        migrations.DeleteModel(name="EventTypeLock"),
    ]
