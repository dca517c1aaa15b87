"""Make the answers that all pages share: a page or its htmx part, a redirect, an ETag."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_vary_headers

from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.pages.rows import problem_context, viewer_of

# The template of a page's htmx part where it is not the page's name after an underscore.
PARTS = {"new": "_place"}
# Smaller parts, by the id of the element that the answer replaces.
SMALLER_PARTS = {"new": {"times": "_times", "chosen": "_chosen"}, "move": {"times": "_times"}}

HoldView = Callable[[HttpRequest, int], HttpResponse]


def missing_hold_is_404(view: HoldView) -> HoldView:
    """Answer 404 where there is no such hold."""

    @wraps(view)
    def view_or_404(request: HttpRequest, pk: int) -> HttpResponse:
        try:
            return view(request, pk)
        except Hold.DoesNotExist as error:
            raise Http404 from error

    return view_or_404


def render_page(
    request: HttpRequest,
    name: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    error: HoldError | None = None,
) -> HttpResponse:
    """Render ``holds/<name>.html``, or under htmx the part of it that was asked for.

    ``error`` is shown as the page's problem.
    """
    if error is not None:
        context["problem"] = problem_context(error.problem, viewer_of(request))
    htmx = bool(getattr(request, "htmx", False))
    whole = not htmx or request.headers.get("HX-Request-Type") == "full"
    template = f"holds/{name if whole else _part(request, name)}.html"
    answer = render(request, template, context, status=status)
    if error is not None and error.status == HTTPStatus.SERVICE_UNAVAILABLE and error.problem.wait:
        answer["Retry-After"] = str(error.problem.wait)
    patch_vary_headers(answer, ["HX-Request", "HX-Request-Type", "HX-Target"])
    return answer


def redirect_to_hold(hold: Hold | None) -> HttpResponse:
    """Answer 303 with the hold's own page. Raise Http404 for None."""
    if hold is None:
        raise Http404
    return HttpResponseRedirect(reverse("hold", args=[hold.pk]), status=303)


def redirect_to_board() -> HttpResponse:
    """Answer 303 with the board."""
    return HttpResponseRedirect(reverse("board"), status=303)


def unless_known(request: HttpRequest, etag: str, make: Callable[[], HttpResponse]) -> HttpResponse:
    """Answer 304 to a client that has this ETag, else what ``make`` returns, with the ETag."""
    known = get_conditional_response(request, etag=etag)
    answer = known or make()
    answer["ETag"] = etag
    if known is not None:
        del answer["Content-Type"]  # there is no body
    return answer


def _part(request: HttpRequest, name: str) -> str:
    target = request.headers.get("HX-Target", "").rpartition("#")[2]
    return SMALLER_PARTS.get(name, {}).get(target) or PARTS.get(name, f"_{name}")
