"""Convert a request into the actor that services and the audit log record."""

from dataclasses import dataclass
from typing import TypedDict

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from dashboard.accounts.models import User
from dashboard.audit import trail


@dataclass(frozen=True, slots=True)
class Actor(trail.Actor):
    """Signed-in person in one request.

    A view makes it once; code below a view never sees the request itself.
    Services take ``by=None`` when the system acts.
    """

    user: User


class RequestOrigin(TypedDict):
    """Client address, browser and id of a request, signed in or not."""

    address: str
    user_agent: str
    request_id: str


def actor_of(request: HttpRequest) -> Actor:
    """Return the signed-in person of this request; raise PermissionDenied if there is none."""
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    return Actor(user=user, **origin_of(request))


def origin_of(request: HttpRequest) -> RequestOrigin:
    """Return the client address (behind trusted proxies), User-Agent and request id."""
    return RequestOrigin(
        address=getattr(request, "client_address", "") or request.META.get("REMOTE_ADDR", ""),
        user_agent=request.headers.get("User-Agent", ""),
        request_id=getattr(request, "request_id", ""),
    )
