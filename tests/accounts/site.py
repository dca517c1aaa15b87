"""A small site behind the real gate: pages with forms that only echo what they were given."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_POST

from dashboard.accounts.policy import admins_only
from dashboard.accounts.saved_forms import recall
from dashboard.urls import urlpatterns as real

KEPT = {"login", "logout", "livez", "readyz", "settings", "warnings"}


def page(request: HttpRequest, **_: object) -> HttpResponse:
    """Shows what was typed before; a POST says what it would have done."""
    if request.method == "POST":
        return HttpResponse(f"did {sorted(request.POST)}")
    typed = recall(request)
    return HttpResponse("empty" if typed is None else f"typed {typed.urlencode()}")


def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """A page with two forms of its own."""
    forms = {verb: recall(request, f"hold-{verb}") for verb in ("extend", "release")}
    shown = {verb: typed.urlencode() for verb, typed in forms.items() if typed is not None}
    return HttpResponse(f"hold {pk} {shown}")


@require_POST
def act(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("did it")


urlpatterns = [
    *[one for one in real if getattr(one, "name", None) in KEPT or "admin" in str(one.pattern)],
    path("", page, name="board"),
    path("rows", page, name="board-rows"),
    path("holds/new", page, name="place"),
    path("holds/<int:pk>/", hold, name="hold"),
    path("holds/<int:pk>/check", act, name="hold-check"),
    path("holds/<int:pk>/extend", act, name="hold-extend"),
    path("holds/<int:pk>/move", page, name="hold-move"),
    path("holds/<int:pk>/release", act, name="hold-release"),
    path("check", act, name="check-many"),
    path("look-up", page, name="look-up"),
    path("audit/", admins_only(page), name="audit"),
]
