"""Credentials, and what cal.com's guards say to them.

https://github.com/calcom/cal.diy/tree/main/apps/api/v2/src/modules/auth
"""

from __future__ import annotations

from dashboard.sandbox.errors import nest_error
from dashboard.sandbox.fixtures import User, World

KEY_PREFIX = "cal_"
LIMIT = 120  # calls a minute
LIMIT_OF_TOKENS = 500
NO_PERMISSION = (
    "PermissionsGuard - no authentication provided. Provide either authorization bearer token"
    " containing managed user access token or oAuth client id in 'x-cal-client-id' header."
)


def credential(headers: dict[str, str]) -> str:
    """Return the text of Authorization without ``Bearer ``, whose case matters."""
    return headers.get("authorization", "").replace("Bearer ", "", 1)


def rate_bucket(headers: dict[str, str], world: World) -> tuple[str, int]:
    """Return the name of the caller's bucket and its calls a minute.

    Raises ApiError 401 for an unknown key, on every route.
    """
    text = credential(headers)
    if text.startswith(KEY_PREFIX):
        key = world.key_by_text.get(text)
        if key is None:
            raise nest_error(401, "CustomThrottlerGuard - Invalid API Key")
        return text, key.limit
    if text or "x-cal-client-id" in headers:
        return text or headers["x-cal-client-id"], LIMIT_OF_TOKENS
    return headers.get("cf-connecting-ip", ""), LIMIT


def optional_user(headers: dict[str, str], world: World) -> User | None:
    """Return the caller, None for an anonymous one. Raises ApiError 401 for bad credentials."""
    client = headers.get("x-cal-client-id")
    if client and "x-cal-secret-key" in headers:
        message = f"ApiAuthStrategy - oAuth client - Client with ID {client} not found"
        raise nest_error(401, message)
    text = credential(headers)
    if not text:
        return None
    key = world.key_by_text.get(text)  # an unknown key was refused by then
    if key is None:
        raise nest_error(401, "Invalid Access Token.")
    if key.expired:
        raise nest_error(401, "ApiAuthStrategy - api key - Your api key is expired")
    return world.user_by_id[key.user]


def required_user(headers: dict[str, str], world: World) -> User | None:
    """Return the caller. Raises ApiError 403 for no credentials, and for tokens, repeating them."""
    text = credential(headers)
    if not text:
        raise nest_error(403, NO_PERMISSION)
    if not text.startswith(KEY_PREFIX):
        message = f"PermissionsGuard - no oAuth client found for access token={text}"
        raise nest_error(403, message)
    return optional_user(headers, world)
