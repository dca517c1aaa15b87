from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0015_calendars"),
    ]

    operations = [
        migrations.AddField(
            model_name="hold",
            name="hosts",
            field=models.JSONField(default=list),
        ),
    ]
