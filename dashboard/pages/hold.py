"""One hold: its page with the forms to change it; checking, extending and taking it over."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_lazy as _lazy
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import push_url

from dashboard.accounts.actors import actor_of
from dashboard.audit import checkpoints, retention, search
from dashboard.audit.trail import Outcome
from dashboard.holds import checks, client_change, safety, services, settle, transfer
from dashboard.holds.message_table import CALLS
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.localization import local_times
from dashboard.pages import flash, for_client, parameters, responses
from dashboard.pages.fields import TIME_INPUT, limit_minutes, minutes_field, offered_extensions
from dashboard.pages.forms import ClientChangeForm, ReleaseForm, ServiceForm, TakeOverForm
from dashboard.pages.parameters import recalled
from dashboard.pages.rows import HoldRow, clash_sentence, get_hold, offer_badge
from dashboard.pages.viewers import Viewer, read_register, viewer_of

# Elements of other pages, whose scripts show only the messages of a hold's page.
ONLY_TOLD = ("board", "warnings")


class ExtendForm(ServiceForm):
    """Minutes from now, minutes to add to held-until, or the time that the viewer's clock shows."""

    until = forms.TimeField(label=_lazy("Until"), required=False, widget=TIME_INPUT)
    reservation_duration = minutes_field(_lazy("Or minutes from now"))
    add = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    retake = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit_minutes(self.fields["reservation_duration"])
        self.fields["until"].help_text = _("In %(zone)s.") % {"zone": local_times.zone_name()}

    def clean(self) -> dict[str, Any]:
        """Let a button that adds minutes decide, whatever else was left in the form."""
        data = super().clean() or {}
        if data.get("add"):
            data |= {"until": None, "reservation_duration": None}
        if data.get("until") and data.get("reservation_duration"):
            self.add_error("until", _("Give either a time or minutes, not both."))
        return data

    def resolve_until(self, cal_now: datetime) -> None:
        """Replace the typed time by the next moment at which clocks show it, if they do."""
        if local := self.cleaned_data["until"]:
            self.cleaned_data["until"] = moment = local_times.next_shown(local, cal_now)
            if moment is None:
                self.add_error("until", _("This time does not exist: the clocks go forward then."))


@require_safe
@responses.missing_is_404(Hold)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    return hold_page(request, settle.load_settled(pk, now=timezone.now()))


@require_safe
@responses.missing_is_404(Hold)
def poll(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the poll of the hold's page without asking cal.com."""
    viewer = read_register(request)
    hold = get_hold(pk)
    shown = shown_of(request, hold, viewer)
    make_rest = partial(forms_and_story, request, hold, viewer)
    return responses.render_unless_known(request, "holds/_hold_live.html", shown, make_rest)


@require_POST
@responses.missing_is_404(Hold)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask cal.com whether it still has the hold."""
    try:
        checked = checks.check(hold_id=pk, by=actor_of(request), now=timezone.now())
    except HoldError as error:
        return refused(request, pk, error)
    messages.info(request, flash.check_result(checked))
    return answer_with_hold(request, checked.hold)


@require_POST
@responses.missing_is_404(Hold)
def extend(request: HttpRequest, pk: int) -> HttpResponse:
    form = ExtendForm(request.POST)
    if form.is_valid():
        form.resolve_until(viewer_of(request).cal_now)
    return change_hold(request, pk, services.extend, flash.held_until, extend_form=form)


@require_POST
@responses.missing_is_404(Hold)
def change_client(request: HttpRequest, pk: int) -> HttpResponse:
    form = ClientChangeForm(request.POST)
    return change_hold(
        request, pk, client_change.change_client, flash.client_changed, client_form=form
    )


@require_POST
@responses.missing_is_404(Hold)
def take_over(request: HttpRequest, pk: int) -> HttpResponse:
    form = TakeOverForm(request.POST)
    return change_hold(request, pk, transfer.take_over, flash.taken_over, take_over_form=form)


def change_hold(
    request: HttpRequest,
    pk: int,
    verb: Callable[..., Hold],
    sentence: Callable[[Hold], str],
    **bound: Any,
) -> HttpResponse:
    """Change a hold by a verb and the values of its form; say what was done on the hold's page.

    ``bound`` is the form, by its name in ``hold_page``, where it is shown again with what is wrong.
    """
    [form] = bound.values()
    if not form.is_valid():
        return hold_page(request, get_hold(pk), status=422, **bound)
    by, version = actor_of(request), parameters.version(request)
    try:
        hold = verb(hold_id=pk, by=by, version=version, now=timezone.now(), **form.cleaned_data)
    except HoldError as error:
        return refused(request, pk, error, **bound)
    messages.success(request, sentence(hold))
    return answer_with_hold(request, hold)


def answer_with_hold(request: HttpRequest, hold: Hold | None) -> HttpResponse:
    """Answer 303 with the hold's page; under htmx with the page itself, to save a round trip.

    Raise Http404 for None.
    """
    if hold is None:
        raise Http404
    url = reverse("hold", args=[hold.pk])
    if not responses.wants_part(request):
        return HttpResponseRedirect(url, status=303)
    answer = hold_page(request, settle.load_settled(hold.pk, now=timezone.now()))
    return answer if responses.target_of(request) in ONLY_TOLD else push_url(answer, url)


def answer_unknown(request: HttpRequest, error: HoldError) -> HttpResponse:
    """Answer with the hold's page after a call whose outcome is unknown, and say so."""
    # What is known of the hold after a call, the page says itself, and keeps true.
    is_call = error.cause in CALLS
    said = error.happened if is_call else f"{error.happened} {error.safe}"
    messages.warning(request, flash.about(error.hold, said) if error.hold else said)
    return answer_with_hold(request, error.hold)


def refused(request: HttpRequest, pk: int, error: HoldError, **bound: Any) -> HttpResponse:
    """Answer with the hold's page and what went wrong, or that the outcome is unknown.

    ``bound`` are forms for ``hold_page``.
    """
    if error.outcome == Outcome.UNKNOWN:
        return answer_unknown(request, error)
    for form in bound.values():
        form.add_refusal(error)
    return hold_page(request, get_hold(pk), error=error, **bound)


def hold_page(
    request: HttpRequest,
    hold: Hold,
    *,
    status: int = 200,
    error: HoldError | None = None,
    **bound: ServiceForm,
) -> HttpResponse:
    """Return the hold's page.

    ``bound`` are forms that were sent, such as ``extend_form``.
    """
    viewer = read_register(request)
    shown = shown_of(request, hold, viewer)
    context = shown | forms_and_story(request, hold, viewer) | bound
    return responses.render_page(request, "hold", context, status=status, error=error)


def shown_of(request: HttpRequest, hold: Hold, viewer: Viewer) -> dict[str, Any]:
    """Return the part of the page's context that may change while it is open, and its ETag."""
    zone_form = for_client.zone_form(request, hold.pk)  # also remembers the zone for the sentence
    zone, cal_now = for_client.zone_of(request, hold.pk), viewer.cal_now
    shown = {
        "row": HoldRow(hold, viewer),
        "badge": offer_badge(hold, viewer),
        "stands_in_for": hold.stands_in_for_id,
        "second_reservations": second_reservations(hold, viewer),
        "clashes": clash_sentences(hold, viewer),
        # What to tell the client, for as long as it is true.
        "for_client": for_client.sentence(hold, zone, now=cal_now)
        if hold.is_assured(cal_now)
        else "",
        "ending": ending(hold),
        "may_take_over": transfer.can_take_over(hold, viewer.user, cal_now=cal_now, now=viewer.now),
    }
    story_version = search.story_version(hold.pk, now=viewer.now)
    etag = responses.etag_of(viewer.user.pk, viewer.is_admin, story_version, *shown.values())
    return shown | {"etag": etag, "zone_form": zone_form}


def forms_and_story(request: HttpRequest, hold: Hold, viewer: Viewer) -> dict[str, Any]:
    """Return the forms, with what was typed before the session ended, and the actions on a hold.

    ``removed_until`` is up to when retention removed some of these actions, or None.
    """
    is_young = hold.created_at > viewer.now - retention.LEAST_AGE
    prune = None if is_young else checkpoints.latest_prune()
    client = {name: getattr(hold, name) for name in ClientChangeForm.base_fields}
    typed = recalled(request, "hold-client", ClientChangeForm)
    return {
        "client_form": ClientChangeForm(initial=client | typed),
        "has_typed_client": bool(typed),
        "extensions": offered_extensions(),
        "extend_form": ExtendForm(initial=recalled(request, "hold-extend", ExtendForm)),
        "release_form": ReleaseForm(initial=recalled(request, "hold-release", ReleaseForm)),
        "take_over_form": TakeOverForm(initial=recalled(request, "hold-take-over", TakeOverForm)),
        "story": search.story(hold.pk, now=viewer.now, viewer=viewer.user.pk),
        "removed_until": prune.until if prune and prune.until >= hold.created_at else None,
    }


def second_reservations(hold: Hold, viewer: Viewer) -> list[tuple[HoldRow, str]]:
    """Return reservations that were to replace the hold and were never confirmed, in words too."""
    return [
        (HoldRow(each, viewer), safety.second_possibly_held(each.latest_end))
        for each in viewer.register.holds
        if each.stands_in_for_id == hold.pk and each.state == Hold.State.UNCONFIRMED
    ]


def clash_sentences(hold: Hold, viewer: Viewer) -> list[SafeString]:
    """Return who is needed by other holds at the same time."""
    others = viewer.register.clashes_of(hold.pk, viewer.cal_now)
    in_order = sorted(others, key=lambda other: other.pk)
    return [clash_sentence(hold, other, viewer) for other in in_order]


def ending(hold: Hold) -> dict[str, str] | None:
    """Return when and why a hold ended, and the note made then; None if it has not."""
    if not hold.has_ended or hold.ended_at is None:
        return None
    never_confirmed = hold.state == Hold.State.EXPIRED and hold.reservation_uid is None
    words = _("Never confirmed, and certainly over since %(when)s (%(zone)s)")
    sentence = (words if never_confirmed else _("%(state)s on %(when)s (%(zone)s)")) % {
        "state": capfirst(hold.state_label),
        "when": local_times.day_and_clock(hold.ended_at),
        "zone": local_times.zone_name(),
    }
    reason = flash.end_reason(hold)
    sentence = f"{sentence}: {reason}" if reason else f"{sentence}."
    return {"sentence": sentence, "note": hold.end_note}
