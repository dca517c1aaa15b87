"""The whole site on one screen."""

from django.urls import URLPattern, URLResolver, path

from dashboard.accounts.admin import people_site
from dashboard.accounts.policy import public
from dashboard.accounts.views import SignIn, SignOut, own_settings
from dashboard.audit import views as audit
from dashboard.edge import health
from dashboard.pages import acting, event_type_choices, watching
from dashboard.pages import views as holds

handler400 = "dashboard.edge.failures.bad_request"
handler404 = "dashboard.edge.failures.not_found"

urlpatterns: list[URLPattern | URLResolver] = [
    # Answered before this by the middleware of the same module; here for their names.
    path("livez", public(health.live), name="livez"),
    path("readyz", public(health.ready), name="readyz"),
    path("accounts/login/", public(SignIn.as_view()), name="login"),
    path("accounts/logout/", public(SignOut.as_view()), name="logout"),
    path("settings/", own_settings, {"event_types": event_type_choices.choices}, name="settings"),
    path("", watching.board, name="board"),
    path("board", watching.board_rows, name="board-rows"),
    path("warnings", watching.warned, name="warnings"),
    path("check", holds.check_many, name="check-many"),
    path("release", acting.release_many, name="release-many"),
    path("look-up", holds.look_up, name="look-up"),
    path("holds/new", holds.place, name="place"),
    path("holds/<int:pk>/", holds.hold, name="hold"),
    path("holds/<int:pk>/check", holds.check, name="hold-check"),
    path("holds/<int:pk>/extend", holds.extend, name="hold-extend"),
    path("holds/<int:pk>/move", holds.move, name="hold-move"),
    path("holds/<int:pk>/release", holds.release, name="hold-release"),
    path("holds/<int:pk>/take-over", acting.take_over, name="hold-take-over"),
    path("offers/new", acting.offer_new, name="offer-new"),
    path("offers/<int:pk>/", acting.offer, name="offer"),
    path("offers/<int:pk>/keep", acting.offer_keep, name="offer-keep"),
    path("audit/", audit.audit_log, name="audit"),
    path("audit/<int:pk>/", audit.audit_entry, name="audit-entry"),
    path("admin/", people_site.urls),
]
