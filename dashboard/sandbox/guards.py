"""Guards of cal.com's API: how often a credential may call, and whose it is.

https://github.com/calcom/cal.diy/tree/main/apps/api/v2/src/modules/auth and
https://github.com/jmcdo29/nest-lab/tree/main/packages/throttler-storage-redis
"""

import math
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.sandbox.errors import nest_error
from dashboard.sandbox.fixtures import User, World
from dashboard.sandbox.http_server import Headers

KEY_PREFIX = "cal_"
LIMIT = 120  # calls a minute
LIMIT_OF_TOKENS = 500
WINDOW = BLOCK = timedelta(seconds=60)
NO_PERMISSION = (
    "PermissionsGuard - no authentication provided. Provide either authorization bearer token"
    " containing managed user access token or oAuth client id in 'x-cal-client-id' header."
)
NO_METHOD = (
    "ApiAuthStrategy - No authentication method provided. Either pass an API key as 'Bearer' header"
    " or OAuth client credentials as 'x-cal-secret-key' and 'x-cal-client-id' headers"
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
        raise nest_error(401, f"ApiAuthStrategy - oAuth client - Client with ID {client} not found")
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
        raise nest_error(403, f"PermissionsGuard - no oAuth client found for access token={text}")
    return optional_user(headers, world)


def signed_in_user(headers: dict[str, str], world: World) -> User | None:
    """Return the caller. Raises ApiError 401 for an anonymous one, or for bad credentials."""
    user = optional_user(headers, world)
    if user is None:
        raise nest_error(401, NO_METHOD)
    return user


def rate_headers(limit: int, remaining: int, reset: timedelta) -> Headers:
    values = {"Limit": limit, "Remaining": remaining, "Reset": math.ceil(reset.total_seconds())}
    return [(f"X-RateLimit-{name}-Default", str(value)) for name, value in values.items()]


@dataclass(slots=True)
class Bucket:
    """The calls of one credential, in fixed windows from the first call on.

    A block begins with the first refused call; calls count on while it lasts.
    """

    limit: int
    ends: datetime
    hits: int = 0
    blocked_until: datetime | None = None

    def count(self, now: datetime) -> None:
        if now >= self.ends:
            self.hits, self.ends = 0, now + WINDOW
        self.hits += 1
        if self.blocked_until is not None and now >= self.blocked_until:
            self.blocked_until = None
            if self.hits > self.limit:
                self.hits, self.ends = 1, now + WINDOW
        if self.blocked_until is None and self.hits > self.limit:
            self.blocked_until = now + BLOCK


class RateLimiter:
    """One bucket per credential and limit, shared by all threads."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, int], Bucket] = {}
        self._limits: dict[str, int] = {}
        self._lock = threading.Lock()

    def count(self, credential: str, limit: int, now: datetime) -> tuple[Headers, bool]:
        """Count one call. Return the headers to answer with, and whether the caller is blocked.

        The limit, in calls a minute, is the given one unless ``set_limit`` was called.
        """
        with self._lock:
            limit = self._limits.get(credential, limit)
            bucket = self._buckets.setdefault((credential, limit), Bucket(limit, now + WINDOW))
            bucket.count(now)
            if bucket.blocked_until is not None:
                return rate_headers(limit, 0, bucket.blocked_until - now), True
            return rate_headers(limit, limit - bucket.hits, bucket.ends - now), False

    def set_limit(self, credential: str, limit: int) -> None:
        """Set the calls a minute of a credential, from a new window on."""
        self._limits[credential] = limit
