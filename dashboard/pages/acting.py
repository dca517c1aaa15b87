"""Pages of what staff do with colleagues' holds and with several holds at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from dashboard.accounts.actors import actor_of
from dashboard.accounts.saved_forms import recall
from dashboard.holds import bulk_release, offer_decision, offers, settle, starting, transfer
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.pages import client_zones, common_answers, flash, offering, rows
from dashboard.pages.forms import ReleaseForm, TakeOverForm
from dashboard.pages.numbers import number, numbers

# Holds in one request; more are chosen again.
MOST = 100


@require_POST
def take_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a colleague's hold one's own."""
    settle.bring_to_rest(pk, timezone.now())
    form = TakeOverForm(request.POST)
    if not form.is_valid():
        return common_answers.hold_page(request, pk, status=422, take_over_form=form)
    try:
        done = transfer.take_over(
            hold_id=common_answers.existing(pk),
            by=actor_of(request),
            reason=form.cleaned_data["reason"],
            note=form.cleaned_data["note"],
            version=common_answers.version(request),
            now=timezone.now(),
        )
    except HoldError as error:
        form.show(error)
        return common_answers.hold_page(
            request, pk, status=error.status, error=error, take_over_form=form
        )
    messages.success(request, flash.taken_over(done))
    return common_answers.see(done)


@require_POST
def offer_new(request: HttpRequest) -> HttpResponse:
    """Make a hold the first of an offer, and choose the next time."""
    pk = common_answers.existing(_hold_of(request))
    settle.bring_to_rest(pk, timezone.now())
    return offer_more(request, starting.fetch(pk))


def offer_more(request: HttpRequest, hold: Hold) -> HttpResponse:
    """The form of one more time for the client of this hold."""
    try:
        begun = offers.start(hold_id=hold.pk, by=actor_of(request), now=timezone.now())
    except HoldError as error:
        return common_answers.hold_page(request, hold.pk, status=error.status, error=error)
    zone = client_zones.zone_of(request, hold.pk)
    query = {"offer": str(begun.pk)} | ({"client_zone": zone.key} if zone else {})
    return HttpResponseRedirect(f"{reverse('place')}?{urlencode(query)}", status=303)


@require_safe
def offer(request: HttpRequest, pk: int) -> HttpResponse:
    """Several times held for one client."""
    settle.settle_times(timezone.now())
    return _offer_page(request, pk)


@require_POST
def offer_keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep one of them and release the rest."""
    hold_id = common_answers.existing(_hold_of(request))
    settle.bring_to_rest(hold_id, timezone.now())
    try:
        decision = offer_decision.keep(
            offer_id=_existing_offer(pk),
            hold_id=hold_id,
            by=actor_of(request),
            versions=common_answers.versions(request),
            now=timezone.now(),
        )
    except HoldError as error:
        return _offer_page(request, pk, status=error.status, error=error)
    if not decision.is_whole:
        return _offer_page(request, pk, decision=decision)
    messages.success(request, flash.decided(decision))
    return common_answers.see(decision.kept)


def _hold_of(request: HttpRequest) -> int:
    pk = number(request.POST.get("hold"))
    if pk is None:
        raise Http404
    return pk


def _existing_offer(pk: int) -> int:
    if number(pk) is None:
        raise Http404
    return pk


def _offer_page(
    request: HttpRequest,
    pk: int,
    *,
    status: int = 200,
    error: HoldError | None = None,
    decision: offer_decision.Decision | None = None,
) -> HttpResponse:
    found = offering.shown(_existing_offer(pk), common_answers.viewer(request))
    if found is None:
        raise Http404
    context: dict[str, Any] = {"offer": found, "rows": found.rows}
    if decision is not None:
        context |= {"results": results(request, decision.rows)}
    return common_answers.answer(request, "offer", context, status=status, error=error)


@require_http_methods(["GET", "HEAD", "POST"])
def release_many(request: HttpRequest) -> HttpResponse:
    """Look at the chosen holds, say why, and release them: a result for each."""
    if request.method != "POST":
        typed = recall(request)
        chosen = _chosen(request.GET) or _chosen(typed or QueryDict())
        form = ReleaseForm(initial=common_answers.initial(typed or {}, ReleaseForm))
        return _ask_before(request, chosen, form) if chosen else _none_chosen(request)
    chosen = _chosen(request.POST)
    if not chosen:
        return _none_chosen(request)
    if request.POST.get("sure") != "yes":
        return _to_confirm(request, chosen)
    form = ReleaseForm(request.POST)
    if not form.is_valid():
        return _ask_before(request, chosen, form, status=422)
    done = bulk_release.release(
        hold_ids=chosen,
        by=actor_of(request),
        reason=form.cleaned_data["reason"],
        note=form.cleaned_data["note"],
        versions=common_answers.versions(request),
        now=timezone.now(),
    )
    return _told(request, done)


def _chosen(data: QueryDict) -> list[int]:
    """The holds that were chosen and exist, once each, in the order in which they came."""
    wanted = numbers(data.getlist("hold"))
    known = set(Hold.objects.filter(pk__in=wanted[:MOST]).values_list("pk", flat=True))
    return [pk for pk in dict.fromkeys(wanted) if pk in known]


def _none_chosen(request: HttpRequest) -> HttpResponse:
    messages.info(request, _("No hold was chosen."))
    return HttpResponseRedirect(reverse("board"), status=303)


def _to_confirm(request: HttpRequest, chosen: list[int]) -> HttpResponse:
    """The page that asks before has an address of its own, which htmx takes the browser to."""
    query = QueryDict(mutable=True)
    query.setlist("hold", [str(pk) for pk in chosen])
    address = f"{reverse('release-many')}?{query.urlencode()}"
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(address)
    return HttpResponseRedirect(address, status=303)


def _ask_before(
    request: HttpRequest, chosen: list[int], form: ReleaseForm, *, status: int = 200
) -> HttpResponse:
    for pk in chosen:
        settle.bring_to_rest(pk, timezone.now())
    who = common_answers.viewer(request)
    shown = [rows.row_of(starting.fetch(pk), who) for pk in chosen]
    context = {"rows": shown, "form": form, "any": any(row.acts for row in shown)}
    return common_answers.answer(request, "release", context, status=status)


def _told(request: HttpRequest, done: list[bulk_release.Row]) -> HttpResponse:
    again = [row.hold.pk for row in done if row.ending is bulk_release.Ending.NOT_DONE]
    context = {"results": results(request, done), "again": again}
    return common_answers.answer(request, "released", context)


def results(request: HttpRequest, done: list[bulk_release.Row]) -> list[Mapping[str, Any]]:
    """Each hold as a row, with what came of it in a sentence."""
    who = common_answers.viewer(request)
    return [
        {
            "row": rows.row_of(result.hold, who),
            "ok": result.error is None,
            "word": flash.word_of_many(result),
            "sentence": flash.of_many(result),
        }
        for result in done
    ]
