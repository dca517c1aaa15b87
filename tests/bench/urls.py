"""The whole site, an empty view as a baseline, and the log in Django's admin."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path

from dashboard.audit.models import AuditEntry
from dashboard.urls import urlpatterns as product


class Entries(admin.ModelAdmin):  # type: ignore[type-arg]
    """The shortest class that shows, filters and searches the log."""

    list_display = ("at", "actor_name", "action", "kind", "outcome", "hold")
    list_filter = ("action", "outcome")
    search_fields = ("message", "actor_name", "error_code")


def empty(_request: HttpRequest) -> HttpResponse:
    """Return nothing, to signed-in staff only, as for every view without a policy."""
    return HttpResponse("")


entries = admin.AdminSite(name="entries")
entries.register(AuditEntry, Entries)
urlpatterns = [
    *product,
    path("empty", empty, name="empty"),
    path("entries/", entries.urls),
]
