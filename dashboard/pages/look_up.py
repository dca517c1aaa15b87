"""Look up a reservation at cal.com by its uid, and take it into the register."""

import hashlib
import uuid
from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.accounts.actors import actor_of
from dashboard.accounts.saved_forms import recall
from dashboard.calcom_state import event_types
from dashboard.holds import lookup
from dashboard.holds.lookup import FoundReservation, TakenIn, Taking
from dashboard.holds.new_holds import ClientDetails
from dashboard.holds.problems import HoldError
from dashboard.pages import responses
from dashboard.pages.fields import INVISIBLE, TokenField
from dashboard.pages.forms import ClientForm, ServiceForm
from dashboard.pages.hold import answer_with_hold
from dashboard.pages.rows import reservation_row
from dashboard.pages.viewers import viewer_of

# In the session: uids that were looked up, each under a key that a page may carry instead.
SESSION_KEY = "found"
MOST_KEPT = 5


class LookUpForm(ServiceForm):
    """A reservation's uid, which no page shows again because it works like a password."""

    uid = forms.RegexField(
        r"^[A-Za-z0-9_-]+$",
        strip=True,
        label=_lazy("Reservation uid"),
        max_length=100,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "data-key": "/"}
        ),
        error_messages={"invalid": _lazy("A uid has only letters, digits, - and _.")},
    )


class TakeInForm(ClientForm):
    """A client for the reservation that is taken in; ``find`` is the key of its uid.

    Another tab, with another ``token``, has another client.
    """

    find = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    token = TokenField(required=False, initial=uuid.uuid4)


@require_http_methods(["GET", "HEAD", "POST"])
def look_up(request: HttpRequest) -> HttpResponse:
    """Show the form, look up a uid, or take in what was found."""
    if request.method != "POST":
        typed = recall(request)
        return look_up_page(request, take_form=take_in_form(request, typed) if typed else None)
    kept = uid_of_key(request.POST.get("find", ""), request)
    copied = INVISIBLE.sub("", request.POST.get("uid", ""))
    form = LookUpForm({"uid": copied or kept})
    if request.POST.get("take") == "yes":
        return take_in(request, form)
    if not form.is_valid():
        return look_up_page(request, form=form, status=422)
    uid = form.cleaned_data["uid"]
    if known := lookup.known_hold(uid):
        return answer_with_hold(request, known)
    try:
        found = lookup.look_up(uid=uid, by=actor_of(request), now=timezone.now())
    except HoldError as error:
        return look_up_page(request, error=error)
    if found is None:
        return nothing_found(request)
    return look_up_page(request, **found_context(request, found, uid))


def take_in(request: HttpRequest, form: LookUpForm) -> HttpResponse:
    """Add the reservation of a uid to the board, or show what was typed about its client again."""
    take_form = take_in_form(request, request.POST)
    if not form.is_valid() or not take_form.is_valid():
        return look_up_page(request, form=form, take_form=take_form, status=422)
    uid, client = form.cleaned_data["uid"], take_form.client()
    try:
        taken = lookup.take_in(uid=uid, by=actor_of(request), client=client, now=timezone.now())
    except HoldError as error:
        return look_up_page(request, error=error, take_form=take_form)
    if taken is None:
        return nothing_found(request, take_form=take_in_form(request, request.POST, is_found=False))
    if said := taken_in(taken, client):
        messages.info(request, said)
    return answer_with_hold(request, taken.hold)


def take_in_form(request: HttpRequest, data: QueryDict, *, is_found: bool = True) -> TakeInForm:
    """Return the form with what was sent; it asks for a uid that the session does not have."""
    find = data.get("find", "")
    is_known = is_found and bool(uid_of_key(find, request))
    token = data.get("token") or uuid.uuid4()
    return TakeInForm({**data.dict(), "token": token, "find": find if is_known else ""})


def nothing_found(request: HttpRequest, **context: Any) -> HttpResponse:
    problem = {
        "happened": _("cal.com has no reservation with this uid."),
        "safe": _("It may have run out or been released, or the uid is wrong."),
        "what_now": _("Check the uid, or hold the time again."),
    }
    return look_up_page(request, status=404, problem=problem, **context)


def taken_in(taken: TakenIn, client: ClientDetails) -> str:
    """Return what a person could not expect: which hold it is, where the typed client is now."""
    typed = " · ".join(filter(None, asdict(client).values()))
    if taken.how is Taking.CONFIRMED:
        happened = _("The reservation belongs to this hold, which is confirmed now.")
        kept = _("What you typed is on the hold.")
    elif taken.how is Taking.KNOWN:
        words = _("It was on the board already, held by %(holder)s.")
        happened = words % {"holder": taken.hold.holder}
        kept = _("Not saved: %(typed)s") % {"typed": typed}
    else:
        asked = _("%(holder)s also asked for this time, and cal.com has not answered that yet.")
        return " ".join(asked % {"holder": hold.holder} for hold in taken.unconfirmed)
    return f"{happened} {kept}" if typed else happened


@require_safe
def poll(request: HttpRequest) -> HttpResponse:
    """Answer the poll of a found reservation, without asking cal.com: is it on the board now?"""
    known = lookup.known_hold(uid_of_key(request.GET.get("find", ""), request))
    context = {"known": known, "etag": responses.etag_of(known and known.pk)}
    return responses.render_unless_known(request, "holds/_taken_in.html", context)


def found_context(request: HttpRequest, found: FoundReservation, uid: str) -> dict[str, Any]:
    """Return a reservation that was found and, if it is live, a form to take it in.

    The page carries a key that stands for its uid.
    """
    key = remember_uid(request, uid)
    title = event_types.title_of(found.event_type)
    return {
        "found": reservation_row(found.reservation, title, viewer_of(request)),
        "doubt": found.doubt,
        "take_form": TakeInForm(initial={"find": key}) if found.is_live else None,
        "poll_url": reverse("look-up-poll", query={"find": key}),
        "etag": responses.etag_of(None),
    }


def look_up_page(
    request: HttpRequest, *, status: int = 200, error: HoldError | None = None, **context: Any
) -> HttpResponse:
    """Return the page. A ``take_form`` that was sent is shown without asking cal.com again."""
    form = context.setdefault("form", LookUpForm())
    form.data = {}  # the uid is a secret
    if request.method != "POST" and not context.get("take_form"):
        # A letter that is typed elsewhere on the page is a shortcut.
        form.fields["uid"].widget.attrs["autofocus"] = True
    return responses.render_page(request, "look_up", context, status=status, error=error)


def remember_uid(request: HttpRequest, uid: str) -> str:
    """Keep a uid in the session and return the key for it."""
    key = hashlib.sha256(f"{request.session.session_key}{uid}".encode()).hexdigest()[:16]
    kept = dict(list(request.session.get(SESSION_KEY, {}).items())[1 - MOST_KEPT :])
    request.session[SESSION_KEY] = kept | {key: uid}
    return key


def uid_of_key(key: str, request: HttpRequest) -> str:
    """Return the uid for a key that a page carries; "" for any other."""
    return str(request.session.get(SESSION_KEY, {}).get(key, ""))
