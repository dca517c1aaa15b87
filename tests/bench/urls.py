"""The whole site, and an empty view as a baseline."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from dashboard.urls import urlpatterns as product


def empty(_request: HttpRequest) -> HttpResponse:
    """Return nothing, to signed-in staff only, as for every view without a policy."""
    return HttpResponse("")


urlpatterns = [*product, path("empty", empty, name="empty")]
