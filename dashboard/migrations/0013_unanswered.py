from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0012_sign_in_unlocked"),
    ]

    operations = [
        migrations.AddField(
            model_name="hold",
            name="unanswered_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="upstream",
            name="clock_base_ms",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="upstream",
            name="clock_boot_id",
            field=models.CharField(blank=True, max_length=36, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="upstream",
            name="answered_at",
            field=models.DateTimeField(null=True),
        ),
    ]
