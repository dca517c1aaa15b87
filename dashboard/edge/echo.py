"""Tell ``manage.py proxy_check`` what arrived of the requests that it sends to PUBLIC_URL."""

import hashlib
import secrets
from dataclasses import asdict

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse

from dashboard.edge.arrival import arrival_of
from dashboard.edge.middleware import EdgeRequest, Handler, middleware

PATH = "/proxy-check"
SALT = "dashboard.edge.echo"
MAX_AGE_SECONDS = 60


def new_ticket(*, status: int = 200) -> str:
    """Return a wish of the command, signed, for a query string; any process takes it."""
    return signing.dumps({"id": secrets.token_hex(8), "status": status}, salt=SALT)


@middleware
def proxy_check(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Tell what arrived with a ticket, before host checks and redirects: these may be at fault."""
    if not request.path_info.endswith(PATH):  # a wrong proxy may have put more in front
        return get_response(request)
    text = request.GET.get("ticket", "")
    try:
        ticket = signing.loads(text, salt=SALT, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return get_response(request)
    names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    found = {
        "answer": secrets.token_hex(8),
        "arrived": asdict(arrival_of(request)),
        "request_id": request.META.get("HTTP_X_REQUEST_ID", ""),
        "user": request.headers.get(settings.REMOTE_USER_HEADER or "-", ""),
        "has_cookies": all(name in request.COOKIES for name in names),
        "body": hashlib.sha256(request.body).hexdigest(),
    }
    response = JsonResponse(found, status=ticket["status"])
    response.headers["Content-Length"] = str(len(response.content))  # some caches need it
    response._has_been_logged = True  # type: ignore[attr-defined]  # an error only for the proxy
    return response


def not_found(_request: HttpRequest) -> HttpResponseBase:
    """Answer a request without a valid ticket."""
    raise Http404
