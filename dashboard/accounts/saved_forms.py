"""Saved forms: input that could not be accepted, kept until the form is shown again.

A saved form lies in the server's session for at most an hour, bound to one person and one page.
It is shown again once and never submitted automatically.
"""

from typing import TypedDict

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.accounts.access import Policy, policy_of
from dashboard.accounts.last_user import last_signed_in

SESSION_KEY = "typed"
MAX_AGE_SECONDS = 3600
MAX_CHARACTERS = 16_000
MAX_FORMS = 5
# Fields that the page generates, or that must not lie in a session.
NEVER_SAVED = {"csrfmiddlewaretoken", "token", "version", "uid", "next"}


class SavedForm(TypedDict):
    """Content of one form in the session."""

    page: str  # path of the page that shows the form
    posted_to: str  # URL name that the form was sent to
    person: int
    at: int  # seconds since 1970
    data: str  # urlencoded


def save_post(request: HttpRequest, page: str) -> bool:
    """Save a submitted form of a Staff page, for its page; return True if it was saved.

    Forms of public views and of Django's admin are not saved: they contain passwords.
    """
    match = request.resolver_match
    if match is None or request.method != "POST":
        return False
    if policy_of(match.func) is Policy.PUBLIC or match.app_name == "admin":
        return False
    person = last_signed_in(request)
    data = input_of(request.POST).urlencode()
    if person is None or not data or len(data) > MAX_CHARACTERS:
        return False
    path, name, now = page.partition("?")[0], match.view_name, now_seconds()
    new = SavedForm(page=path, posted_to=name, person=person, at=now, data=data)
    others = [
        form for form in unexpired(request) if (form["page"], form["posted_to"]) != (path, name)
    ]
    request.session[SESSION_KEY] = [*others, new][-MAX_FORMS:]
    if not request.user.is_authenticated:
        request.session.set_expiry(MAX_AGE_SECONDS)
    return True


def recall(request: HttpRequest, posted_to: str = "") -> QueryDict | None:
    """Return this person's saved input for the page that is being shown, once; None without any.

    A page with several forms asks for each by the URL name that the form is sent to.
    """
    if SESSION_KEY not in request.session or not is_full_page_view(request):
        return None
    forms = unexpired(request)
    found = [
        form
        for form in forms
        if form["page"] == request.path
        and form["person"] == request.user.pk
        and posted_to in ("", form["posted_to"])
    ]
    if not found:
        return None
    request.session[SESSION_KEY] = [form for form in forms if form not in found]
    messages.info(request, _("Not saved yet. What you typed is back in the form."))
    return QueryDict(found[-1]["data"])


def after_sign_in(request: HttpRequest) -> None:
    """Drop other people's saved forms, and restore the session's usual lifetime."""
    request.session.set_expiry(None)
    own = [form for form in unexpired(request) if form["person"] == request.user.pk]
    if own:
        request.session[SESSION_KEY] = own
    else:
        request.session.pop(SESSION_KEY, None)


def has_form_of(request: HttpRequest, person: int) -> bool:
    return any(form["person"] == person for form in unexpired(request))


def is_full_page_view(request: HttpRequest) -> bool:
    """Return True if a person sees the whole answer: no HEAD, no prefetch and no fragment."""
    is_prefetch = "prefetch" in request.headers.get("Sec-Purpose", "")
    is_fragment = request.headers.get("HX-Request-Type") == "partial"
    return request.method == "GET" and not is_prefetch and not is_fragment


def input_of(data: QueryDict) -> QueryDict:
    """Return a copy without passwords, uids and fields that the page generates."""
    kept = data.copy()
    for name in data:
        if name in NEVER_SAVED or "password" in name.lower():
            del kept[name]
    return kept


def unexpired(request: HttpRequest) -> list[SavedForm]:
    oldest = now_seconds() - MAX_AGE_SECONDS
    return [form for form in request.session.get(SESSION_KEY, []) if form["at"] >= oldest]


def now_seconds() -> int:
    return int(timezone.now().timestamp())
