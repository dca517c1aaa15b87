"""Release one hold, from the form on its page, or several, on a page of its own."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from dashboard.accounts.actors import actor_of
from dashboard.accounts.saved_forms import recall, save_post
from dashboard.audit.trail import Outcome
from dashboard.holds import services, settle
from dashboard.holds.in_turn import ChangeResult
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.pages import flash, parameters, responses
from dashboard.pages.forms import ReleaseForm
from dashboard.pages.hold import change_hold
from dashboard.pages.rows import HoldRow, existing
from dashboard.pages.viewers import Viewer, read_register, viewer_of

MOST_AT_ONCE = 100  # holds in one request; the rest is asked for after them
MOST_CHOSEN = 300  # holds in one address


@require_POST
@responses.missing_is_404(Hold)
def release(request: HttpRequest, pk: int) -> HttpResponse:
    form = ReleaseForm(request.POST)
    return change_hold(request, pk, services.release, flash.released_slot, release_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def release_many(request: HttpRequest) -> HttpResponse:
    """Show the chosen holds and ask why; once that is sent, release them and show the results."""
    if request.method != "POST":
        typed = recall(request)
        chosen = chosen_holds(request.GET) or chosen_holds(typed)
        form = ReleaseForm(initial=parameters.initial(typed, ReleaseForm))
        return confirm_page(request, chosen, form) if chosen else responses.none_chosen(request)
    chosen = chosen_holds(request.POST)
    if not chosen:
        return responses.none_chosen(request)
    if request.POST.get("sure") != "yes":
        return redirect_to_confirm(request, chosen)
    form = ReleaseForm(request.POST)
    chosen = chosen[:MOST_AT_ONCE]
    rest = existing(parameters.numbers(request.POST.getlist("rest")))
    if not form.is_valid():
        return confirm_page(request, [*chosen, *rest], form, status=422)
    rows = services.release_many(
        hold_ids=chosen,
        by=actor_of(request),
        versions=parameters.versions(request),
        now=timezone.now(),
        **form.cleaned_data,
    )
    not_done = [
        row.hold.pk for row in rows if row.error and row.error.outcome == Outcome.UNAVAILABLE
    ]
    context: dict[str, Any] = {"results": results(request, rows), "rest": rest}
    if not_done or rest:
        address = address_of([*not_done, *rest])
        context["next_url"] = save_post(request, address) or address  # with the same reason
    return responses.render_page(request, "released", context)


@require_safe
def poll(request: HttpRequest) -> HttpResponse:
    """Answer the poll of the chosen holds without asking cal.com."""
    context = chosen_context(request, chosen_holds(request.GET))
    return responses.render_unless_known(request, "holds/_release_live.html", context)


def chosen_holds(data: QueryDict) -> list[int]:
    """Return the primary keys of the holds that are named and exist, once each, in their order.

    A form names each in a field of its own; an address names all in one.
    """
    named = ".".join(data.getlist("hold")).split(".")
    return existing(parameters.hold_numbers(named)[:MOST_CHOSEN])


def redirect_to_confirm(request: HttpRequest, chosen: list[int]) -> HttpResponse:
    """Send the browser, under htmx too, to the page that asks before it releases."""
    named = len(request.POST.getlist("hold"))
    if named > MOST_CHOSEN:
        cut = _("You chose %(named)s holds. Only the first %(most)s can be released at once.")
        messages.warning(request, cut % {"named": named, "most": MOST_CHOSEN})
    address = address_of(chosen)
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(address)
    return HttpResponseRedirect(address, status=303)


def address_of(chosen: list[int], name: str = "release-many") -> str:
    """Return an address that proxies pass on: by default, nginx takes 4 KiB of headers."""
    return f"{reverse(name)}?hold={'.'.join(map(str, chosen))}"


def confirm_page(
    request: HttpRequest, chosen: list[int], form: ReleaseForm, *, status: int = 200
) -> HttpResponse:
    """Return the page that shows the chosen holds and asks why they are released."""
    shown, rest = chosen[:MOST_AT_ONCE], chosen[MOST_AT_ONCE:]
    now = timezone.now()
    for hold in Hold.objects.left_half_way(now).filter(pk__in=shown):
        settle.load_settled(hold.pk, now=now)
    context = chosen_context(request, shown) | {
        "form": form,
        "token": uuid.uuid4(),
        "rest": rest,
        "chosen_count": len(chosen),
    }
    return responses.render_page(request, "release", context, status=status)


def chosen_context(request: HttpRequest, chosen: list[int]) -> dict[str, Any]:
    """Return the chosen holds as they are now, and the ETag of what is shown of them."""
    viewer = read_register(request)
    holds = Hold.objects.with_people().in_bulk(chosen)
    rows = [HoldRow(holds[pk], viewer) for pk in chosen]
    return {
        "rows": rows,
        "can_release": any(row.can_change for row in rows),
        "poll_url": address_of(chosen, "release-poll"),
        "etag": responses.etag_of(viewer.user.pk, rows),
    }


def results(request: HttpRequest, rows: Iterable[ChangeResult]) -> list[Mapping[str, Any]]:
    """Return each hold with the outcome of its release, in a word and in a sentence."""
    return outcomes(rows, viewer_of(request), released_sentence)


def outcomes(
    rows: Iterable[ChangeResult], viewer: Viewer, sentence: Callable[[ChangeResult], str]
) -> list[Mapping[str, Any]]:
    """Return each of several holds with the outcome of its change, in a word and in a sentence.

    ``sentence`` tells of one that was changed.
    """
    return [
        {
            "row": HoldRow(row.hold, viewer),
            "ok": row.error is None,
            "word": (row.error.outcome if row.error else Outcome.OK).label,
            "sentence": error_sentence(row.error) if row.error else sentence(row),
        }
        for row in rows
    ]


def released_sentence(row: ChangeResult) -> str:
    if row.was_done:
        return _("It had already ended: %(state)s.") % {"state": row.hold.state_label}
    return flash.released(row.hold)


def error_sentence(error: HoldError) -> str:
    if error.fields:  # what else the error says is for a form
        return " ".join([*error.fields.values(), error.safe])
    # What is not certain yet stands on the hold's own page and on the board.
    what_now = "" if error.outcome == Outcome.UNKNOWN else error.what_now
    return " ".join(filter(None, (error.happened, error.safe, what_now)))
