"""Small URLconf behind the real middleware, with pages that echo their input."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_POST

from dashboard.accounts.access import admins_only
from dashboard.accounts.saved_forms import recall
from dashboard.urls import urlpatterns as real

REAL = {"login", "logout", "livez", "readyz", "settings", "warnings", "keep-form"}


def page(request: HttpRequest, **_: object) -> HttpResponse:
    """Show saved input; echo a POST."""
    if request.method == "POST":
        return HttpResponse(f"did {sorted(request.POST)}")
    saved = recall(request)
    return HttpResponse(f"saved {saved.urlencode()}" if saved else "empty")


def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the saved input of two forms."""
    forms = {verb: recall(request, f"hold-{verb}") for verb in ("extend", "release")}
    shown = {verb: saved.urlencode() for verb, saved in forms.items() if saved}
    return HttpResponse(f"hold {pk} {shown}")


@require_POST
def act(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("did it")


urlpatterns = [
    *[one for one in real if getattr(one, "name", None) in REAL or "admin" in str(one.pattern)],
    path("", page, name="board"),
    path("rows", page, name="board-rows"),
    path("holds/new", page, name="place"),
    path("holds/first", page, name="first-free"),
    path("holds/<int:pk>/", hold, name="hold"),
    path("holds/<int:pk>/check", act, name="hold-check"),
    path("holds/<int:pk>/extend", act, name="hold-extend"),
    path("holds/<int:pk>/move", page, name="hold-move"),
    path("holds/<int:pk>/release", act, name="hold-release"),
    path("check", act, name="check-many"),
    path("look-up", page, name="look-up"),
    path("audit/", admins_only(page), name="audit"),
    path("calendars/", admins_only(page), name="calendars"),
]
