"""Hold a time: the page with picker and form, empty or filled from an earlier hold or an offer."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.accounts.actors import actor_of
from dashboard.accounts.saved_forms import recall
from dashboard.audit.trail import Outcome
from dashboard.calcom import LARGEST_INTEGER
from dashboard.calcom_state import rate_and_clock
from dashboard.holds import offers, services
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.pages import flash, for_client, offer, parameters, responses
from dashboard.pages.fields import TokenField, limit_minutes, minutes_field
from dashboard.pages.forms import ClientForm, SlotForm
from dashboard.pages.hold import answer_unknown, answer_with_hold, clash_sentences
from dashboard.pages.picker import Picker, answer_poll
from dashboard.pages.viewers import read_register, viewer_of

USUAL_MINUTES = (5, 15, 30, 60)


def offered_minutes() -> list[tuple[int, int]]:
    """Return the usual minutes that the office allows, as choices of a field."""
    return [(n, n) for n in USUAL_MINUTES if n <= settings.HOLD_MINUTES_MAX]


class PlaceForm(SlotForm, ClientForm):
    other_event_type_id = forms.IntegerField(
        label=_("Or its number"),
        required=False,
        min_value=1,
        max_value=LARGEST_INTEGER,
        help_text=_("For an event type that is not in the list, such as a team's."),
    )
    minutes = forms.TypedChoiceField(
        label=_("Minutes from now"),
        choices=offered_minutes,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    reservation_duration = minutes_field(_("Or another number"))
    token = TokenField(required=False)
    # The offer that it is one more time of, and the hold that it repeats.
    offer = forms.IntegerField(
        required=False, min_value=1, max_value=LARGEST_INTEGER, widget=forms.HiddenInput
    )
    again = forms.IntegerField(required=False, widget=forms.HiddenInput)

    use_required_attribute = False  # either of the first two will do
    field_order = ["event_type_id", "other_event_type_id", "slot_start", "slot_duration"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["event_type_id"].required = not self.data.get("other_event_type_id")
        limit_minutes(self.fields["reservation_duration"])
        self.fields["token"].initial = uuid.uuid4

    def clean(self) -> dict[str, Any]:
        """Prefer the other event type's number and minutes, and fill in the office's minutes."""
        data = super().clean() or {}
        if data.get("other_event_type_id"):
            data["event_type_id"] = data["other_event_type_id"]
        if data.get("reservation_duration") is None:
            data["reservation_duration"] = data.get("minutes") or settings.HOLD_MINUTES
        return data

    def choose_minutes(self, usual: int) -> None:
        """Choose the person's usual minutes in a form that nothing was typed into yet."""
        if not self.initial.get("reservation_duration"):
            is_offered = (usual, usual) in offered_minutes()
            self.initial.setdefault("minutes" if is_offered else "reservation_duration", usual)

    def fix_client(self, hold: Hold) -> None:
        """Show the client of a hold, read-only: all times of an offer are for the same client."""
        for name in ("client_name", "client_contact"):
            self.initial[name] = getattr(hold, name)
            self.fields[name].widget.attrs["readonly"] = True
        if self.fields["client_name"].widget.attrs.pop("autofocus", False):
            self.fields["note"].widget.attrs["autofocus"] = True  # the first to type into
        help_text = _("The client who was offered the other times.")
        self.fields["client_name"].help_text = help_text

    def differs_from(self, hold: Hold) -> bool:
        """Return whether a hold is for another time or client than the valid values."""
        typed = self.cleaned_data
        names = ("event_type_id", "slot_start", "client_name", "client_contact", "note")
        is_longer_or_shorter = typed["slot_duration"] not in (None, hold.slot_duration)
        return is_longer_or_shorter or any(getattr(hold, name) != typed[name] for name in names)

    def renew_token(self) -> None:
        """Make a form that is shown again another attempt."""
        self.data = {**self.data.dict(), "token": str(uuid.uuid4())}  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest) -> HttpResponse:
    """Show the form with the values that its address asks for, or hold the time."""
    if request.method != "POST":
        params = request.GET.dict() | recall(request).dict()
        values = prefilled(params, now=timezone.now()) | parameters.initial(params, PlaceForm)
        return place_page(request, PlaceForm(initial=values))
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return place_page(request, form, status=422)
    now = timezone.now()
    try:
        hold = services.place(
            by=actor_of(request),
            client=form.client(),
            token=form.cleaned_data["token"],
            offer=form.cleaned_data["offer"],
            doubts=parameters.open_doubts(request),
            now=now,
            **form.slot(),
        )
    except HoldError as error:
        if error.outcome == Outcome.UNKNOWN:
            return answer_unknown(request, error)
        form.add_refusal(error)
        return place_page(request, form, error=error)
    if hold.created_at < now and form.differs_from(hold):
        messages.warning(
            request, _("This form was sent before, for this hold. What you typed now was not sent.")
        )
    for_client.remember_zone(request, hold.pk, request.POST.get("client_zone", ""))
    if "offer" in (request.POST.get("then"), *parameters.confirmed(request)):
        tell_held(request, hold)
        return offer.add_time(request, hold.pk)
    return answer_with_hold(request, hold)


def tell_held(request: HttpRequest, hold: Hold) -> None:
    """Say what the hold's own page would: until when it stands, and who is needed twice since."""
    viewer = read_register(request)
    if hold.is_assured(viewer.cal_now):
        messages.success(request, flash.held_until(hold))
    for sentence in clash_sentences(hold, viewer):
        messages.warning(request, sentence)


@require_safe
def poll_times(request: HttpRequest) -> HttpResponse:
    return answer_poll(request, PlaceForm)


def place_page(
    request: HttpRequest, form: PlaceForm, *, status: int = 200, error: HoldError | None = None
) -> HttpResponse:
    viewer = viewer_of(request)
    if form.is_bound:
        form.renew_token()
    offer_id = parameters.number(form["offer"].value())
    client_hold = offers.client_hold(offers.holds_of(offer_id)) if offer_id is not None else None
    params = form.data if form.is_bound else request.GET
    picker = Picker(form, params, viewer=viewer, near=client_hold, kept_from=request.GET)
    if not form.is_bound:
        picker.fill(form)
        form.choose_minutes(viewer.user.preferences.usual_minutes)
    if client_hold is not None:
        form.fix_client(client_hold)
    context = {
        "offer_url": reverse("offer", args=[offer_id]) if client_hold is not None else "",
        "form": form,
        "picker": picker,
        "alternatives": picker.alternatives_to(error),
        "confirm": confirmation(request, error),
    }
    return responses.render_page(request, "place", context, status=status, error=error)


def confirmation(request: HttpRequest, error: HoldError | None) -> str:
    """Return the value of the button that confirms what is asked back; "" for any other error."""
    if error is None or not error.asks:
        return ""
    confirmed, then = request.POST.get("confirm", ""), request.POST.get("then", "")
    return f"{confirmed} {then} {error.cause}".strip()


def prefilled(params: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Return initial values from the offer ``offer``, else from the hold ``again``.

    Addresses carry these primary keys instead of the client's data. That of an offer is filled in
    by ``PlaceForm.fix_client``.
    """
    offer_id = parameters.number(params.get("offer"))
    again = parameters.number(params.get("again"))
    if offer_id is not None:
        like = offers.holds_of(offer_id).order_by("-id").first()
    else:
        like = Hold.objects.filter(pk=again).first() if again is not None else None
    if like is None:
        return {}
    values = forms.model_to_dict(like, ["event_type_id", "slot_duration"])
    if offer_id is not None:
        return values | {"offer": offer_id}  # each time of an offer has its own note
    if like.slot_start > rate_and_clock.cal_now(now):
        values["slot_start"] = like.slot_start
    return values | forms.model_to_dict(like, ["client_name", "client_contact", "note"])
