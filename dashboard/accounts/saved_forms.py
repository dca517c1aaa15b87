"""What somebody typed into a form that could not be taken, kept until they see the form again.

It lives in the server's session, bound to one person and one page, small and for a short time.
It is shown again once and never sent by itself.
"""

from __future__ import annotations

from typing import TypedDict

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.accounts.last_user import last_signed_in

SESSION_KEY = "typed"
KEPT_SECONDS = 3600
MOST_CHARACTERS = 16_000
MOST_FORMS = 5
# Made by the page, not typed; or nothing that may lie in a session.
NEVER = {"csrfmiddlewaretoken", "token", "version", "uid", "next"}


class Kept(TypedDict):
    """One form's content as it lies in the session."""

    page: str  # the path of the page that shows the form
    posted_to: str  # the URL name that the form was sent to
    person: int
    at: int  # seconds since 1970
    data: str  # urlencoded


def remember(request: HttpRequest, *, page: str, posted_to: str, data: QueryDict) -> bool:
    """Keep what was typed for whoever is, or was last, signed in here. False if nothing is kept."""
    person = last_signed_in(request)
    text = _typed(data).urlencode()
    if person is None or not text or len(text) > MOST_CHARACTERS:
        return False
    path = page.partition("?")[0]
    new = Kept(page=path, posted_to=posted_to, person=person, at=_seconds(), data=text)
    older = [kept for kept in _fresh(request) if not _same_form(kept, new)]
    request.session[SESSION_KEY] = [*older, new][-MOST_FORMS:]
    if not request.user.is_authenticated:
        request.session.set_expiry(KEPT_SECONDS)
    return True


def recall(request: HttpRequest, posted_to: str = "") -> QueryDict | None:
    """What this person typed before on the page that is being shown, once; None if nothing.

    A page with several forms asks for each by the URL name that the form is sent to.
    """
    if SESSION_KEY not in request.session or not _is_shown(request):
        return None
    fresh = _fresh(request)
    found = [kept for kept in fresh if _is_for(kept, request, posted_to)]
    if not found:
        return None
    request.session[SESSION_KEY] = [kept for kept in fresh if kept not in found]
    messages.info(request, _("Not saved yet. What you typed is back in the form."))
    return QueryDict(found[-1]["data"])


def after_sign_in(request: HttpRequest) -> None:
    """Drop what other people typed, and give the session its usual age again."""
    request.session.set_expiry(None)
    own = [kept for kept in _fresh(request) if kept["person"] == request.user.pk]
    if own:
        request.session[SESSION_KEY] = own
    else:
        request.session.pop(SESSION_KEY, None)


def _is_shown(request: HttpRequest) -> bool:
    """Whether a person sees the whole answer: no HEAD, nothing fetched ahead, no part of a page."""
    fetched_ahead = "prefetch" in request.headers.get("Sec-Purpose", "")
    is_part = request.headers.get("HX-Request-Type") == "partial"
    return request.method == "GET" and not fetched_ahead and not is_part


def _typed(data: QueryDict) -> QueryDict:
    typed = data.copy()
    for name in data:
        if name in NEVER or "password" in name.lower():
            del typed[name]
    return typed


def _fresh(request: HttpRequest) -> list[Kept]:
    oldest = _seconds() - KEPT_SECONDS
    return [kept for kept in request.session.get(SESSION_KEY, []) if kept["at"] >= oldest]


def _is_for(kept: Kept, request: HttpRequest, posted_to: str) -> bool:
    return (
        kept["page"] == request.path
        and kept["person"] == request.user.pk
        and posted_to in ("", kept["posted_to"])
    )


def _same_form(one: Kept, other: Kept) -> bool:
    return (one["page"], one["posted_to"]) == (other["page"], other["posted_to"])


def _seconds() -> int:
    return int(timezone.now().timestamp())
