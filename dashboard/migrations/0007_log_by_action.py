from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0006_offers_in_the_log"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["action_id", "kind"], name="audit_action_kind"),
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="audit_action_id",
        ),
    ]
