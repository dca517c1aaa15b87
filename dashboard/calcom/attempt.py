"""One call from its first byte to its value or error, without the sending itself.

Both clients send; everything before, between and after is here, once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Generic, TypeVar

import httpcore
import httpx

from dashboard.calcom.cleansing import cleanse, hide, plain
from dashboard.calcom.deadline import Limit
from dashboard.calcom.endpoints import Call
from dashboard.calcom.errors import CalcomError, Cause, FieldError, Refused, kind_of
from dashboard.calcom.rates import Window, moment_of, roomiest, seconds_to_wait, windows_of
from dashboard.calcom.replies import Reply, judge
from dashboard.calcom.types import Answer, Exchange

T = TypeVar("T")

LONGEST_BODY = 2 * 1024 * 1024  # bytes
CONNECT_SECONDS = 5.0
WRITE_SECONDS = 5.0
POOL_SECONDS = 2.0

NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
PERHAPS_SENT = (
    httpx.HTTPError,
    httpx.StreamError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    OSError,
)


class UnsendableError(Exception):
    """A uid that no path can carry."""


FAULTS = (*NEVER_SENT, *PERHAPS_SENT, UnsendableError)


@dataclass(frozen=True, slots=True)
class Access:
    """Where calls go, and with which key."""

    base_url: str
    api_key: str = field(repr=False)
    call_seconds: float


class Attempt(Generic[T]):
    """One try of one call. Methods in the order of use; none shows a uid or key in its ``repr``."""

    def __init__(self, call: Call[T], access: Access) -> None:
        self._call = call
        self._access = access
        self._sent_at = datetime.now(UTC)
        self._began = monotonic()
        self._deadline = self._began + access.call_seconds
        self._status: int | None = None
        self._headers = httpx.Headers()
        self._body: bytearray | None = bytearray()  # None once it is not to be read

    def request(self) -> httpx.Request:
        """What to send. Raises ``UnsendableError`` and httpx's ``InvalidURL``."""
        if not self._call.can_be_sent:
            raise UnsendableError
        return httpx.Request(
            self._call.method,
            httpx.URL(self._access.base_url + self._call.target),
            headers=self._request_headers(),
            content=self._call.body or None,
            extensions={"timeout": self._timeouts()},
        )

    def meet(self, response: httpx.Response) -> None:
        """Take note of the head of the answer."""
        self._status = response.status_code
        self._headers = response.headers
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            self._body = None

    def take(self, chunk: bytes) -> bool:
        """Keep a piece of the body; whether to read on. Raises a timeout past the deadline."""
        if self._body is None or len(self._body) + len(chunk) > LONGEST_BODY:
            self._body = None
            return False
        if monotonic() > self._deadline:
            raise httpx.ReadTimeout("The call has lasted too long.")
        self._body += chunk
        return True

    def failed(self, fault: Exception) -> CalcomError:
        """The error for an exception of ``FAULTS``, which is not chained: it knows the address."""
        if isinstance(fault, UnsendableError):
            fields = (FieldError("uid", ("uid cannot be part of an address",)),)
            return Refused(Cause.INVALID, self._exchange(), fields=fields)
        if isinstance(fault, NEVER_SENT) and self._status is None:
            cause, words = Cause.NOT_SENT, f"{type(fault).__name__}: {fault}"
        else:  # the words may quote what came back, so only the name is kept
            cause, words = Cause.UNANSWERED, type(fault).__name__
        kind = kind_of(cause, writes=self._call.writes)
        return kind(cause, self._exchange(), message=cleanse(words, self._secrets))

    def answered(self) -> Answer[T] | CalcomError:
        """What the whole answer means."""
        # moments among the headers are those of whoever wrote them
        now = moment_of(self._headers.get("date", "")) or datetime.now(UTC)
        windows = windows_of(self._headers, now)
        reply = Reply(
            exchange=self._exchange(windows),
            status=self._status or 0,
            body=None if self._body is None else bytes(self._body),
            has_rate_headers=bool(windows),
            seconds_to_wait=seconds_to_wait(self._headers, windows, now),
            secrets=self._secrets,
        )
        return judge(self._call, reply)

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (self._access.api_key, self._call.uid or "")

    def _request_headers(self) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {self._access.api_key}",
            "cal-api-version": self._call.cal_api_version,
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # the size that is limited is the size that is read
            "User-Agent": "Holdfast",
        }
        if self._call.body:
            headers["Content-Type"] = "application/json"
        return headers

    def _timeouts(self) -> dict[str, float]:
        seconds = self._access.call_seconds
        return {
            "pool": min(POOL_SECONDS, seconds),
            "connect": Limit.within(CONNECT_SECONDS, self._deadline),
            "write": Limit.within(WRITE_SECONDS, self._deadline),
            "read": Limit.within(seconds, self._deadline),
        }

    def _exchange(self, windows: tuple[Window, ...] = ()) -> Exchange:
        return Exchange(
            method=self._call.method,
            path=self._call.path,
            sent_at=self._sent_at,
            received_at=datetime.now(UTC),
            milliseconds=round((monotonic() - self._began) * 1000),
            status=self._status,
            request_id=plain(hide(self._headers.get("x-request-id", ""), self._secrets), 64),
            server_date=moment_of(self._headers.get("date", "")),
            rate=roomiest(windows),
        )
