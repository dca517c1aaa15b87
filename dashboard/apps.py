from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate

from dashboard.accounts.roles import create_groups
from dashboard.audit import triggers
from dashboard.edge import checks, database  # noqa: F401 - registers system checks


class DashboardConfig(AppConfig):
    """Configure the one app of the project; its packages are plain Python packages."""

    name = "dashboard"
    verbose_name = "Holdfast"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(create_groups, sender=self, dispatch_uid="dashboard.groups")
        connection_created.connect(triggers.prepare, dispatch_uid="audit.prepare")
        connection_created.connect(database.begin_session, dispatch_uid="edge.session")
        post_migrate.connect(triggers.install_triggers, sender=self, dispatch_uid="audit.triggers")
