"""The whole site, and a signed-in view with nothing in it to compare the board with."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from dashboard.urls import urlpatterns as real


def empty(_request: HttpRequest) -> HttpResponse:
    """Behind the gate, as it is not marked."""
    return HttpResponse("")


urlpatterns = [*real, path("empty", empty, name="empty")]
