from django.apps import AppConfig
from django.db.models.signals import post_migrate

from dashboard.accounts.groups import create_groups
from dashboard.audit import checks as audit_checks
from dashboard.edge import checks, database  # noqa: F401 - registers their system checks


class DashboardConfig(AppConfig):
    """Configure the one app of the project; its packages are plain Python packages."""

    name = "dashboard"
    verbose_name = "Holdfast"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(create_groups, sender=self, dispatch_uid="dashboard.groups")
        audit_checks.connect(self)
