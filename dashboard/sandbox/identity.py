"""Who calls, and what the guards say to it.

Order and words: https://github.com/calcom/cal.diy/tree/main/apps/api/v2/src/modules/auth
"""

from __future__ import annotations

from dashboard.sandbox.errors import forbidden, unauthorized
from dashboard.sandbox.fixtures import User, World
from dashboard.sandbox.message import Request

_PREFIX = "cal_"
_LIMIT = 120
_LIMIT_OTHER_CREDENTIAL = 500

INVALID_KEY = "CustomThrottlerGuard - Invalid API Key"
NO_AUTHENTICATION = (
    "ApiAuthStrategy - No authentication method provided. Either pass an API key as 'Bearer' header"
    " or OAuth client credentials as 'x-cal-secret-key' and 'x-cal-client-id' headers"
)
NO_PERMISSION = (
    "PermissionsGuard - no authentication provided. Provide either authorization bearer token"
    " containing managed user access token or oAuth client id in 'x-cal-client-id' header."
)


def credential(request: Request) -> str:
    """The text of Authorization without its first ``Bearer ``, which is matched as written."""
    return request.headers.get("authorization", "").replace("Bearer ", "", 1)


def bucket(request: Request, world: World) -> tuple[str, int]:
    """Name and limit of the bucket that pays. Raises Refusal 401 for a key nobody issued."""
    text = credential(request)
    if text.startswith(_PREFIX):
        key = world.key_by_text.get(text)
        if key is None:
            raise unauthorized(INVALID_KEY)
        return f"key {text}", key.limit
    if text:
        return f"token {text}", _LIMIT_OTHER_CREDENTIAL
    client = request.headers.get("x-cal-client-id")
    if client:
        return f"client {client}", _LIMIT_OTHER_CREDENTIAL
    return f"ip {request.headers.get('cf-connecting-ip', request.peer)}", _LIMIT


def optional_user(request: Request, world: World) -> User | None:
    """None for an anonymous call. Raises Refusal 401 for credentials that are no good."""
    client, secret = (request.headers.get(f"x-cal-{name}") for name in ("client-id", "secret-key"))
    if client and secret:
        raise unauthorized(f"ApiAuthStrategy - oAuth client - Client with ID {client} not found")
    text = credential(request)
    if not text:
        return None
    if not text.startswith(_PREFIX):
        raise unauthorized("Invalid Access Token.")
    return _owner(text, world)


def required_user(request: Request, world: World) -> User:
    """Raises Refusal 401 for an anonymous call too."""
    user = optional_user(request, world)
    if user is None:
        raise unauthorized(NO_AUTHENTICATION)
    return user


def permitted_user(request: Request, world: World) -> User:
    """On routes with OAuth scopes a guard comes first, whose 403 repeats the token in clear."""
    text = credential(request)
    if not text and "x-cal-client-id" not in request.headers:
        raise forbidden(NO_PERMISSION)
    if text and not text.startswith(_PREFIX):
        raise forbidden(f"PermissionsGuard - no oAuth client found for access token={text}")
    return required_user(request, world)


def _owner(text: str, world: World) -> User:
    key = world.key_by_text.get(text)
    if key is None:
        raise unauthorized("ApiAuthStrategy - api key - Your api key is not valid")
    if key.expired:
        raise unauthorized("ApiAuthStrategy - api key - Your api key is expired")
    return world.user_by_id[key.user]
