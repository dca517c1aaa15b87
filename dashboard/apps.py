from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """The one app of the project; its rooms are plain packages inside it."""

    name = "dashboard"
    verbose_name = "Holdfast"
    default_auto_field = "django.db.models.BigAutoField"
