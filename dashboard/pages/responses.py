"""Make the responses that all pages share: a page or its htmx part, a redirect, an ETag."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language, gettext as _

from dashboard.holds.problems import HoldError
from dashboard.localization import local_times
from dashboard.pages.rows import HoldRow
from dashboard.pages.viewers import viewer_of

# Parts of a page's htmx part, by the id of the element that the answer replaces.
SMALLER_PARTS = {"place": {"times": "_times", "chosen": "_chosen"}, "move": {"times": "_times"}}

PkView = Callable[[HttpRequest, int], HttpResponse]


def missing_is_404(model: type[Model]) -> Callable[[PkView], PkView]:
    """Answer 404 where the model has no row of the view's ``pk``, or no longer.

    That another row is missing is a fault of this program.
    """

    def decorator(view: PkView) -> PkView:
        @wraps(view)
        def view_or_404(request: HttpRequest, pk: int) -> HttpResponse:
            try:
                return view(request, pk)
            except ObjectDoesNotExist as error:
                if model._default_manager.filter(pk=pk).exists():
                    raise
                raise Http404 from error

        return view_or_404

    return decorator


def render_page(
    request: HttpRequest,
    name: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    error: HoldError | None = None,
) -> HttpResponse:
    """Render ``holds/<name>.html``, or under htmx ``holds/_<name>.html`` or a part of that.

    ``error`` is shown as the page's problem, and its status is that of the answer.
    """
    if error is not None:
        viewer, status = viewer_of(request), error.status
        context["problem"] = error
        context["in_the_way"] = [HoldRow(hold, viewer) for hold in error.others]
    template = name
    if wants_part(request):
        template = SMALLER_PARTS.get(name, {}).get(target_of(request), f"_{name}")
    answer = render(request, f"holds/{template}.html", context, status=status)
    if error is not None and error.status == HTTPStatus.SERVICE_UNAVAILABLE and error.wait:
        answer["Retry-After"] = str(error.wait)
    patch_vary_headers(answer, ["HX-Request", "HX-Request-Type", "HX-Target"])
    return answer


def wants_part(request: HttpRequest) -> bool:
    """Return whether htmx asks for a part of a page."""
    htmx = bool(getattr(request, "htmx", False))
    return htmx and request.headers.get("HX-Request-Type") != "full"


def target_of(request: HttpRequest) -> str:
    """Return the id of the element that htmx puts the answer into; "" where it names none."""
    return request.headers.get("HX-Target", "").rpartition("#")[2]


def none_chosen(request: HttpRequest) -> HttpResponse:
    """Answer 303 with the board, which says that no hold was chosen."""
    messages.info(request, _("No hold was chosen."))
    return HttpResponseRedirect(reverse("board"), status=303)


def etag_of(*shown: object) -> str:
    """Return the ETag of what a page shows in this language and zone, today.

    Weak, because responses are compressed.
    """
    zone, today = timezone.get_current_timezone_name(), local_times.local_date()
    parts = (get_language(), zone, today, *shown)
    return f'W/"{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"'


def render_unless_known(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    make_rest: Callable[[], dict[str, Any]] = dict,
    *,
    cal_now: datetime | None = None,
) -> HttpResponse:
    """Answer a poll with the template, or with 304 to a client that has the context's ``etag``.

    ``make_rest`` makes what else the template needs. With ``cal_now`` it corrects the page's clock.
    """
    known = get_conditional_response(request, etag=context["etag"])
    answer = known or render(request, template, context | make_rest())
    answer["ETag"] = context["etag"]
    if cal_now is not None:
        answer["X-Calcom-Now"] = local_times.iso(cal_now)
    return answer
