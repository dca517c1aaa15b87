"""The whole site on one screen."""

from django.urls import URLPattern, URLResolver, path

from dashboard.accounts.admin import people_site
from dashboard.accounts.policy import public
from dashboard.accounts.views import SignIn, SignOut
from dashboard.edge import health

urlpatterns: list[URLPattern | URLResolver] = [
    # Answered before this by the middleware of the same module; here for their names.
    path("livez", public(health.live), name="livez"),
    path("readyz", public(health.ready), name="readyz"),
    path("accounts/login/", public(SignIn.as_view()), name="login"),
    path("accounts/logout/", public(SignOut.as_view()), name="logout"),
    path("admin/", people_site.urls),
]
