"""From a request to what the audit needs to know of it."""

from typing import TypedDict

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from dashboard.accounts.models import User
from dashboard.audit.actor import Actor


class Traces(TypedDict):
    """What a request leaves behind, whoever sent it."""

    address: str
    user_agent: str
    request_id: str


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in person of this request. Raises PermissionDenied where nobody is signed in."""
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    return Actor(user=user, **traces_of(request))


def traces_of(request: HttpRequest) -> Traces:
    """From where, with what and in which request."""
    return Traces(
        address=getattr(request, "client_address", "") or request.META.get("REMOTE_ADDR", ""),
        user_agent=request.headers.get("User-Agent", ""),
        request_id=getattr(request, "request_id", ""),
    )
