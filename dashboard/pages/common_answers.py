"""Pages of holds: what they show, as a whole or, under htmx, as a part."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from dashboard.accounts.actors import actor_of
from dashboard.accounts.saved_forms import recall
from dashboard.audit import search
from dashboard.holds import checks, event_types, offers, starting, transfer
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.pages import client_message, client_zones, flash, offering, picking, rows
from dashboard.pages.choosing import Choosing
from dashboard.pages.choosing import choosing as choosing_of
from dashboard.pages.forms import (
    ExtendForm,
    LookUpForm,
    MoveForm,
    PlaceForm,
    ReleaseForm,
    TakeForm,
    TakeOverForm,
)
from dashboard.pages.numbers import number
from dashboard.pages.picking import Cell
from dashboard.pages.rows import Viewer


def place_page(
    request: HttpRequest, form: PlaceForm, *, status: int = 200, error: HoldError | None = None
) -> HttpResponse:
    who = viewer(request)
    if form.is_bound:
        form.renew_token()
    offer_id = number(form["offer"].value())
    choosing = choosing_of(
        form,
        form.data if form.is_bound else request.GET,
        path=request.path,
        viewer=who,
        beside=offers.first_of(offer_id) if offer_id is not None else None,
        keep_from=request.GET,
    )
    if not form.is_bound:
        choosing.prefill(form)
        form.initial.setdefault("reservation_duration", who.user.likes.usual_minutes)
    form.list_event_types(event_types.event_types(), form.initial.get("event_type_id"))
    if offer_id is not None:
        form.for_same_client()
    context = {
        "offer": offering.shown(offer_id, who) if offer_id is not None else None,
        "form": form,
        "choosing": choosing,
        "times_target": "#chosen",
        "ways": _ways(choosing, error),
    }
    return answer(request, "new", context, status=status, error=error)


def hold_page(
    request: HttpRequest,
    pk: int,
    *,
    status: int = 200,
    error: HoldError | None = None,
    extend_form: ExtendForm | None = None,
    release_form: ReleaseForm | None = None,
    take_over_form: TakeOverForm | None = None,
) -> HttpResponse:
    shown = starting.fetch(existing(pk))
    who = viewer(request)
    row = rows.row_of(shown, who)
    extend_form = extend_form or ExtendForm(initial=_typed(request, "hold-extend", ExtendForm))
    context = {
        "row": row,
        "offer": offering.tag_of(shown),
        "zone_form": client_zones.form(request, pk),
        "for_client": _for_client(request, shown, who),
        "acts": row.acts,
        "ended": flash.ended(shown),
        "extend_form": extend_form,
        "release_form": release_form
        or ReleaseForm(initial=_typed(request, "hold-release", ReleaseForm)),
        "take_over_form": take_over_form
        or TakeOverForm(initial=_typed(request, "hold-take-over", TakeOverForm)),
        "may_take_over": transfer.is_possible(shown, who.user, at=who.at, now=who.now),
        "retake": error is not None and error.retake,
        "retake_minutes": flash.retake_minutes(error, shown, extend_form, who.at),
        "story": search.story(pk, now=who.now, viewer=who.user.pk),
    }
    return answer(request, "hold", context, status=status, error=error)


def _for_client(request: HttpRequest, shown: Hold, who: Viewer) -> str:
    """What to tell the client, for as long as it is true."""
    zone = client_zones.zone_of(request, shown.pk)
    return client_message.for_client(shown, zone, now=who.at) if shown.is_live(who.at) else ""


def move_page(
    request: HttpRequest,
    pk: int,
    form: MoveForm,
    *,
    status: int = 200,
    error: HoldError | None = None,
    to: Mapping[str, str] | None = None,
) -> HttpResponse:
    shown = starting.fetch(existing(pk))
    who = viewer(request)
    if not form.is_bound:
        form.initial.setdefault("event_type_id", shown.event_type_id)
    form.list_event_types(event_types.event_types(), shown.event_type_id)
    asked = request.POST if request.method == "POST" else request.GET
    choosing = choosing_of(form, asked, path=request.path, viewer=who, own=shown, keep_from=asked)
    context = {
        "from_row": rows.row_of(shown, who),
        "form": form,
        "to": to,
        "choosing": choosing,
        "times_target": "#move",
        "ways": _ways(choosing, error),
    }
    return answer(request, "move", context, status=status, error=error)


def _ways(choosing: Choosing, error: HoldError | None) -> list[Cell]:
    """Where else to go when somebody else was first."""
    return choosing.ways_out() if error is not None and picking.is_taken(error.cause) else []


def look_up_page(
    request: HttpRequest,
    form: LookUpForm,
    *,
    status: int = 200,
    error: HoldError | None = None,
    problem: Mapping[str, str] | None = None,
    found: checks.Found | None = None,
    client: TakeForm | None = None,
    key: str = "",
) -> HttpResponse:
    form.data = {}  # what was typed is a secret
    context: dict[str, Any] = {"form": form, "problem": problem}
    if found is not None:
        title = event_types.title_of(found.event_type)
        context["found"] = rows.reservation_row(found.reservation, title, viewer(request))
        context["take_form"] = (
            (client or TakeForm(initial={"find": key})) if found.is_live else None
        )
    return answer(request, "look_up", context, status=status, error=error)


PARTS = {"new": "_place"}
# Parts of a page that answer for themselves, by the id of the element that they replace.
SMALLER = {"new": {"times": "_times", "chosen": "_chosen"}, "move": {"times": "_times"}}


def answer(
    request: HttpRequest,
    name: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    error: HoldError | None = None,
) -> HttpResponse:
    """The whole page, or under htmx its part."""
    if error is not None:
        context["problem"] = rows.problem_for(error.problem, viewer(request))
    part = bool(getattr(request, "htmx", False)) and (
        request.headers.get("HX-Request-Type") != "full"
    )
    template = f"holds/{_part(request, name) if part else name}.html"
    answer = render(request, template, context, status=status)
    if error is not None and error.status == HTTPStatus.SERVICE_UNAVAILABLE and error.problem.wait:
        answer["Retry-After"] = str(error.problem.wait)
    patch_vary_headers(answer, ["HX-Request", "HX-Request-Type", "HX-Target"])
    return answer


def _part(request: HttpRequest, name: str) -> str:
    target = request.headers.get("HX-Target", "").rpartition("#")[2]
    return SMALLER.get(name, {}).get(target) or PARTS.get(name, f"_{name}")


def see(hold: Hold | None) -> HttpResponseRedirect:
    """303: the hold's own page."""
    if hold is None:
        raise Http404
    return HttpResponseRedirect(reverse("hold", args=[hold.pk]), status=303)


def existing(pk: int) -> int:
    if not Hold.objects.filter(pk=pk).exists():
        raise Http404
    return pk


def _typed(request: HttpRequest, posted_to: str, form: type[Any]) -> dict[str, Any]:
    return initial(recall(request, posted_to) or {}, form)


def initial(data: Any, form: type[Any]) -> dict[str, Any]:
    """What a page's address or an earlier attempt says of the form's fields."""
    return {name: data[name] for name in form.base_fields if name != "token" and name in data}


def viewer(request: HttpRequest) -> Viewer:
    return Viewer.of(actor_of(request).user, timezone.now())


def version(request: HttpRequest) -> int | None:
    """The version that the page was made with; one that is no number fits no hold."""
    return _version(request.POST.get("version") or request.GET.get("version"))


def versions(request: HttpRequest) -> dict[int, int]:
    """The same where a page shows several holds: ``version_7`` is that of hold 7."""
    names = [name for name in request.POST if name.startswith("version_")]
    named = ((name, number(name.removeprefix("version_"))) for name in names)
    found = {pk: _version(request.POST.get(name)) for name, pk in named if pk is not None}
    return {pk: version for pk, version in found.items() if version is not None}


def _version(text: str | None) -> int | None:
    found = number(text)
    return -1 if text and found is None else found
