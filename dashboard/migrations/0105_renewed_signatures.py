"""Keep the signatures of records of retention by a later SECRET_KEY."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0104_former_clients"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditentry",
            name="action",
            field=models.CharField(
                choices=[
                    ("place", "placed a hold"),
                    ("check", "verified a hold"),
                    ("extend", "extended a hold"),
                    ("move", "moved a hold"),
                    ("release", "released a hold"),
                    ("take_over", "took over a hold"),
                    ("client_changed", "changed a client's data"),
                    ("offer", "started an offer"),
                    ("look_up", "looked up a reservation"),
                    ("take_in", "added a reservation to the board"),
                    ("put_aside", "put a hold aside"),
                    ("action_closed", "closed an action without an outcome"),
                    ("expire", "a hold ran out"),
                    ("settle", "finished an interrupted change"),
                    ("sign_in", "signed in"),
                    ("sign_in_failed", "failed to sign in"),
                    ("sign_in_unlocked", "ended the waits to sign in"),
                    ("sign_out", "signed out"),
                    ("sessions_ended", "signed a person out everywhere"),
                    ("person_added", "added a person"),
                    ("person_changed", "changed a person"),
                    ("password_changed", "changed a password"),
                    ("calendar_added", "added a calendar"),
                    ("calendar_changed", "changed a calendar"),
                    ("calendar_removed", "removed a calendar"),
                    ("denied", "was denied"),
                    ("export", "exported the log"),
                    ("verify", "verified the log"),
                    ("erase", "erased a client's data"),
                    ("prune", "removed old entries"),
                    ("signatures_renewed", "renewed signatures"),
                    ("searches_read", "read the saved searches of others"),
                    ("search_deleted", "deleted a saved search of another person"),
                    ("backup", "began a backup"),
                    ("restore", "restored a backup"),
                    ("move_database", "moved to another database"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="RenewedSignature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("signature", models.CharField(max_length=64)),
                (
                    "prune",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="renewed",
                        to="dashboard.auditprune",
                    ),
                ),
            ],
        ),
    ]
