"""Act on the board: check or extend several holds, put them aside, filter by calendar."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.accounts.actors import actor_of
from dashboard.audit.models import AuditEntry
from dashboard.audit.trail import Outcome
from dashboard.holds import checks, dead_actions, put_aside, services
from dashboard.holds.checks import CheckResult, Comparison
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.pages import flash, parameters, responses
from dashboard.pages.board import Board, BoardQuery, board_etag, tab_of
from dashboard.pages.hold import refused
from dashboard.pages.release import outcomes
from dashboard.pages.rows import HoldRow, existing
from dashboard.pages.viewers import Viewer, read_register

MOST_CHECKED = 100  # in one request; the rest is asked for after them
MOST_EXTENDED = 100  # the same


@require_POST
def check_many(request: HttpRequest) -> HttpResponse:
    """Ask cal.com about the selected holds, or all that the person may change; show the results."""
    viewer = read_register(request)
    named = parameters.hold_numbers(request.POST.getlist("hold"))
    if request.POST.get("all") == "yes":
        live = Hold.objects.live(viewer.cal_now).order_by("held_until")
        own = live if viewer.is_admin else live.filter(holder=viewer.user)
        named = list(own.values_list("pk", flat=True))
    chosen = existing(named)
    if not chosen:
        return responses.none_chosen(request)
    rows = checks.check_many(hold_ids=chosen[:MOST_CHECKED], by=actor_of(request), now=viewer.now)
    viewer = read_register(request)
    return board_with_results(
        request,
        viewer,
        checked=flash.check_summary(rows),
        results=check_results(rows, viewer),
        rest=chosen[MOST_CHECKED:],
        chosen_count=len(chosen),
    )


@require_POST
def extend_many(request: HttpRequest) -> HttpResponse:
    """Extend the selected holds by the minutes of the button; show the results above the board."""
    chosen = existing(parameters.hold_numbers(request.POST.getlist("hold")))
    add = parameters.number(request.POST.get("add"))
    if not chosen or not add:
        return responses.none_chosen(request)
    rows = services.extend_many(
        hold_ids=chosen[:MOST_EXTENDED],
        by=actor_of(request),
        add=add,
        versions=parameters.versions(request),
        now=timezone.now(),
    )
    failed_first = sorted(rows, key=lambda row: row.error is None)
    failures = [(row.hold, row.error) for row in rows if row.error]
    not_done = [hold for hold, error in failures if error.outcome == Outcome.UNAVAILABLE]
    later = chosen[MOST_EXTENDED:]
    rest = sorted(Hold.objects.filter(pk__in=later), key=lambda hold: later.index(hold.pk))
    viewer = read_register(request)
    return board_with_results(
        request,
        viewer,
        extended=flash.extend_summary(rows),
        results=outcomes(failed_first, viewer, flash.held_longer),
        rest=[*not_done, *rest],
        add=add,
    )


def board_with_results(request: HttpRequest, viewer: Viewer, **results: Any) -> HttpResponse:
    """Return the board, and above it what came of the selected holds."""
    asked = BoardQuery(tab=tab_of(request))
    context = {"board": Board(asked, viewer), "etag": board_etag(asked, viewer)}
    return responses.render_page(request, "board", context | results)


@require_POST
@responses.missing_is_404(Hold)
def put_hold_aside(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a lost hold off the list of what needs attention."""
    try:
        put_aside.put_aside(hold_id=pk, by=actor_of(request), now=timezone.now())
    except HoldError as error:
        return refused(request, pk, error)
    messages.success(request, _("Put aside. It stays on the tab Ended and in the log."))
    return redirect_to_tab(request)


@require_POST
def put_finding_aside(request: HttpRequest, pk: int) -> HttpResponse:
    """Close an action without an outcome, which is listed until then."""
    try:
        is_closed = dead_actions.put_aside(entry_id=pk, by=actor_of(request), now=timezone.now())
    except AuditEntry.DoesNotExist as error:
        raise Http404 from error
    if is_closed:
        messages.success(request, _("Put aside. It stays in the audit log."))
    else:
        kept = _("Nothing was put aside: it is still under way, or has an outcome by now.")
        messages.info(request, kept)
    return redirect_to_tab(request)


def check_results(rows: Iterable[CheckResult], viewer: Viewer) -> list[Mapping[str, Any]]:
    """Return what was found of each hold that is not as it stood here."""
    return [
        {
            "row": HoldRow(row.hold, viewer),
            "ok": False,
            "word": _("not verified") if row.error else _("changed"),
            "sentence": flash.check_result(row),
        }
        for row in rows
        if row.error is not None or row.comparison is not Comparison.SAME
    ]


@require_POST
def choose_calendar(request: HttpRequest) -> HttpResponse:
    """Show only the holds of one calendar on this person's board, or again those of all."""
    chosen = parameters.number(request.POST.get("calendar"))
    actor_of(request).user.save_preferences(board_calendar=chosen)
    return redirect_to_tab(request)


def redirect_to_tab(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('board')}?tab={tab_of(request).value}", status=303)
