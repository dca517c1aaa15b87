"""The whole site on one screen."""

from django.urls import URLPattern, URLResolver, path

from dashboard.edge import health

urlpatterns: list[URLPattern | URLResolver] = [
    # Answered before this by the middleware of the same module; here for their names.
    path("livez", health.live, name="livez"),
    path("readyz", health.ready, name="readyz"),
]
