import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0009_any_clock"),
    ]

    operations = [
        migrations.RenameModel("SignInGuesses", "SignInAttempts"),
        migrations.RenameField("signinattempts", "told", "logged"),
        migrations.RenameIndex(
            "signinattempts", new_name="attempts_last_at", old_name="guesses_last_at"
        ),
        migrations.AlterField(
            model_name="preferences",
            name="user",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="stored_preferences",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
