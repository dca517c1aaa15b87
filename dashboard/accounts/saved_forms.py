"""Saved forms: input that could not be accepted, kept until the form is shown again.

A saved form lies in the server's session, bound to one person and one page, and where its page made
a token, to the tab: the address that shows it again carries the token. It is shown again once,
within an hour, and never submitted automatically.
"""

import re
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
KEY = "typed"  # name in addresses of the token that a saved form came with
# Fields that the page generates, or that must not lie in a session.
NEVER_SAVED = {"csrfmiddlewaretoken", "token", "version", "uid", "next"}


class SavedForm(TypedDict):
    """Content of one form in the session."""

    page: str  # path of the page that shows the form
    posted_to: str  # URL name that the form was sent to
    key: str  # the form's token, or ""
    person: int
    at: int  # seconds since 1970
    data: str  # urlencoded


def save_post(request: HttpRequest, page: str) -> str | None:
    """Save a submitted form of a Staff page; return the address that shows it, None if not saved.

    Forms of public views and of Django's admin are not saved: they contain passwords.
    """
    match = request.resolver_match
    if match is None or request.method != "POST":
        return None
    if policy_of(match.func) is Policy.PUBLIC or match.app_name == "admin":
        return None
    person = last_signed_in(request)
    data = input_of(request.POST).urlencode()
    if person is None or not data or len(data) > MAX_CHARACTERS:
        return None
    path, name, key = page.partition("?")[0], match.view_name, key_of(request.POST)
    new = SavedForm(page=path, posted_to=name, key=key, person=person, at=now_seconds(), data=data)
    others = [
        form
        for form in unexpired(request)
        if (form["page"], form["posted_to"], form["key"]) != (path, name, key)
    ]
    request.session[SESSION_KEY] = [*others, new][-MAX_FORMS:]
    if not request.user.is_authenticated:
        request.session.set_expiry(MAX_AGE_SECONDS)
    return with_key(page, key) if key else page


def recall(request: HttpRequest, posted_to: str = "") -> QueryDict:
    """Return this person's saved input for the page that is being shown, once; else an empty one.

    A page with several forms asks for each by the URL name that the form is sent to.
    """
    if SESSION_KEY not in request.session or not is_full_page_view(request):
        return QueryDict()
    forms = unexpired(request)
    found = [
        form
        for form in forms
        if (form["page"], form["key"]) == (request.path, request.GET.get(KEY, ""))
        and form["person"] == request.user.pk
        and posted_to in ("", form["posted_to"])
    ]
    if not found:
        return QueryDict()
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


def key_of(data: QueryDict) -> str:
    """Return the token of the form that was sent; "" without one that this product made."""
    token = data.get("token", "")
    return token if re.fullmatch("[0-9a-f-]{36}", token) else ""


def with_key(page: str, key: str) -> str:
    """Return the address with this key instead of an earlier one."""
    path, _mark, query = page.partition("?")
    params = QueryDict(query, mutable=True)
    params[KEY] = key
    return f"{path}?{params.urlencode()}"


def unexpired(request: HttpRequest) -> list[SavedForm]:
    oldest = now_seconds() - MAX_AGE_SECONDS
    return [form for form in request.session.get(SESSION_KEY, []) if form["at"] >= oldest]


def now_seconds() -> int:
    return int(timezone.now().timestamp())
