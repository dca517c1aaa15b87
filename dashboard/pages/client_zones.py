"""The time zones of clients, as far as somebody said them: kept in the session, hold by hold."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from dashboard.pages.fields import ZoneField

KEY = "client_zones"
MOST = 20


class ZoneForm(forms.Form):
    """Where the client is."""

    client_zone = ZoneField(
        label=_("Client's time zone"),
        required=False,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "America/New_York"}
        ),
    )


def form(request: HttpRequest, hold_id: int) -> ZoneForm:
    """The form on a hold's page, which asks for the page again; what it says is kept."""
    if request.method == "POST" or "client_zone" not in request.GET:
        return ZoneForm(initial={"client_zone": _kept(request).get(str(hold_id), "")})
    asked = ZoneForm(request.GET)
    if asked.is_valid():
        remember(request, hold_id, asked.cleaned_data["client_zone"])
    return asked


def remember(request: HttpRequest, hold_id: int, said: str) -> None:
    """Keep what was said with a hold; what is no zone is forgotten."""
    try:
        zone = ZoneField(required=False).clean(said)
    except ValidationError:
        return
    kept = {pk: name for pk, name in _kept(request).items() if pk != str(hold_id)}
    if zone:
        kept[str(hold_id)] = zone
    if kept != _kept(request):
        request.session[KEY] = dict(list(kept.items())[-MOST:])


def zone_of(request: HttpRequest, hold_id: int) -> ZoneInfo | None:
    """What was said last with this hold, in this session."""
    name = _kept(request).get(str(hold_id))
    return ZoneInfo(name) if name else None


def _kept(request: HttpRequest) -> dict[str, str]:
    kept: dict[str, str] = request.session.get(KEY, {})
    return kept
