from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0008_sessions_ended"),
    ]

    operations = [
        migrations.AlterField(
            model_name="upstream",
            name="clock_offset_ms",
            field=models.BigIntegerField(default=0),
        ),
    ]
