"""Move a hold: choose another time, see from and to, then move."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.accounts.actors import actor_of
from dashboard.accounts.saved_forms import recall
from dashboard.audit.trail import Outcome
from dashboard.calcom_state import event_types
from dashboard.calendars import catalogue
from dashboard.holds import alteration, doubts, services, settle, targets
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.holds.slots import SlotHold
from dashboard.localization import local_times
from dashboard.pages import flash, parameters, responses
from dashboard.pages.fields import minutes_field
from dashboard.pages.forms import SlotForm
from dashboard.pages.hold import answer_unknown, answer_with_hold
from dashboard.pages.picker import Picker, answer_poll
from dashboard.pages.rows import HoldRow, get_hold
from dashboard.pages.viewers import Viewer, read_register, viewer_of


class MoveForm(SlotForm):
    """Another slot, and until when: without minutes the hold keeps its end."""

    reservation_duration = minutes_field(
        _lazy("Minutes from now"), help_text=_lazy("Leave empty to keep the present end.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["event_type_id"].required = False


@require_http_methods(["GET", "HEAD", "POST"])
@responses.missing_is_404(Hold)
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Show where the hold would go, or move it."""
    if request.method != "POST":
        return preview(request, pk)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return move_page(request, get_hold(pk), form, status=422)
    try:
        hold = services.move(
            hold_id=pk,
            by=actor_of(request),
            version=parameters.version(request),
            doubts=parameters.open_doubts(request),
            now=timezone.now(),
            **form.slot(),
        )
    except HoldError as error:
        if error.outcome == Outcome.UNKNOWN:
            return answer_unknown(request, error)
        form.add_refusal(error)
        return move_page(request, get_hold(pk), form, error=error)
    messages.success(request, _("Moved: %(held)s") % {"held": flash.held_until(hold)})
    return answer_with_hold(request, hold)


@require_safe
@responses.missing_is_404(Hold)
def poll(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the poll of from and to. Without news it asks cal.com nothing."""
    viewer = read_register(request)
    hold = get_hold(pk)

    def make_rest() -> dict[str, Any]:
        form = MoveForm(request.GET)
        return {"form": form, "target": target_of(form, hold, viewer)}

    shown = from_context(request, hold, viewer)
    return responses.render_unless_known(request, "holds/_moving.html", shown, make_rest)


@require_safe
@responses.missing_is_404(Hold)
def poll_times(request: HttpRequest, pk: int) -> HttpResponse:
    return answer_poll(request, MoveForm, moving=get_hold(pk))


def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the page before anything is sent to cal.com, with from and to once a time is chosen.

    Raise Hold.DoesNotExist.
    """
    hold = settle.load_settled(pk, now=timezone.now())
    params = recall(request) or request.GET
    if params.get("slot_start"):
        return move_page(request, hold, MoveForm(params))
    return move_page(request, hold, MoveForm(initial=parameters.initial(params, MoveForm)))


def target_of(form: MoveForm, hold: Hold, viewer: Viewer) -> dict[str, Any] | None:
    """Return where the form moves the hold, in words; None, with its errors, where it cannot."""
    if not form.is_valid() or hold.held_until is None or hold.slot_end is None:
        return None
    try:
        spot = targets.move_target(
            hold, user=viewer.user, cal_now=viewer.cal_now, now=viewer.now, **form.slot()
        )
    except HoldError as error:
        form.add_refusal(error)
        return None
    return target_context(hold, spot, viewer)


def move_page(
    request: HttpRequest,
    hold: Hold,
    form: MoveForm,
    *,
    status: int = 200,
    error: HoldError | None = None,
) -> HttpResponse:
    """Return the page for a form, whose button moves the hold where that is possible."""
    viewer = viewer_of(request)
    target = target_of(form, hold, viewer) if error is None or error.asks else None
    if not form.is_bound:
        form.initial.setdefault("event_type_id", hold.event_type_id)
    params = request.POST if request.method == "POST" else request.GET
    picker = Picker(form, params, viewer=viewer, moving=hold, kept_from=params)
    context = from_context(request, hold, viewer) | {
        "form": form,
        "target": target,
        "picker": picker,
        "alternatives": picker.alternatives_to(error),
    }
    return responses.render_page(request, "move", context, status=status, error=error)


def from_context(request: HttpRequest, hold: Hold, viewer: Viewer) -> dict[str, Any]:
    """Return the hold that is to be moved as it is now, and the ETag of what is shown of it."""
    row = HoldRow(hold, viewer)
    query = request.GET if request.method != "POST" else None
    return {
        "from_row": row,
        "poll_url": reverse("move-poll", args=[hold.pk], query=query),
        "etag": responses.etag_of(viewer.user.pk, row),
    }


def target_context(hold: Hold, spot: SlotHold, viewer: Viewer) -> dict[str, Any]:
    """Return where a move goes, in words, and its risk if the two times overlap."""
    same_type = spot.event_type_id == hold.event_type_id
    event_type = catalogue.event_type(spot.event_type_id)
    title = event_types.title_of(event_type) or (hold.event_type_title if same_type else "")
    wanted = doubts.wanted_hold(spot, event_type, hold.pk)
    found = doubts.all_about(wanted, cal_now=viewer.cal_now, now=viewer.now)
    risks = [doubt.happened for doubt in found]
    if alteration.leaves_gap(hold, spot):
        risks.append(
            _(
                "The two times overlap, so for a moment neither is reserved and someone else could "
                "take them. If the new time is refused, the hold goes back to the old one."
            )
        )
    return {
        "day": local_times.day(spot.slot_start),
        "time": local_times.times(spot.slot_start, spot.slot_end),
        "event_type": event_types.title_or_number(spot.event_type_id, title),
        "calendar": viewer.calendars.by_event_type.get(spot.event_type_id),
        "ends_text": local_times.when(spot.held_until),
        "risk": " ".join(risks),
        "confirm": " ".join(doubt.cause for doubt in found),
    }
