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
            name="answered_at",
            field=models.DateTimeField(null=True),
        ),
    ]
