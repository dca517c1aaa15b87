"""In whose language and time zone a page is made, and forms are read: the person's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from dashboard.accounts.models import Preferences, User

GetResponse = Callable[[HttpRequest], HttpResponse]


def middleware(get_response: GetResponse) -> GetResponse:
    """Stands after sign-in and Django's LocaleMiddleware, which has chosen the browser's language.

    Without a zone of their own people see the office's, which is Django's ``TIME_ZONE``.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if not isinstance(request.user, User):
            return get_response(request)
        language = language_of(request, request.user.likes)
        with translation.override(language), _zone(request.user.likes):
            response = get_response(request)
            response.headers.setdefault("Content-Language", language)
            return response

    return answer


def language_of(request: HttpRequest, likes: Preferences) -> str:
    """The person's language if we (still) speak it, else the best of the browser's."""
    if translation.check_for_language(likes.language):
        return likes.language
    return translation.get_language_from_request(request)


def _zone(likes: Preferences) -> timezone.override | nullcontext[None]:
    try:
        return timezone.override(ZoneInfo(likes.time_zone)) if likes.time_zone else nullcontext()
    except (ZoneInfoNotFoundError, ValueError):  # a name that tzdata dropped
        return nullcontext()
