"""Follow one call from sending to its answer or error; the sending itself is the client's."""

import re
from datetime import UTC, datetime
from time import monotonic
from typing import Generic, TypeVar

import httpx

from dashboard.calcom.cleansing import cleanse, hide, plain
from dashboard.calcom.endpoints import Access, Call
from dashboard.calcom.errors import CalcomError, Cause, FieldError, kind_of
from dashboard.calcom.rates import date_of, rate_of, seconds_to_wait
from dashboard.calcom.responses import Complaint, read_response
from dashboard.calcom.types import Answer, Exchange

T = TypeVar("T")

LONGEST_BODY = 2 * 1024 * 1024  # bytes
NAME = 60  # characters of a field's name or an error's code

# Faults before any byte of the request went out, in words for people.
NEVER_SENT: dict[type[Exception], str] = {
    httpx.ConnectTimeout: "No connection was made in time",
    httpx.PoolTimeout: "All connections were busy",
    httpx.ConnectError: "No connection was made",
    httpx.ProxyError: "The proxy made no connection",
    httpx.UnsupportedProtocol: "The address cannot be used",
    httpx.InvalidURL: "The address cannot be used",
}
# All others that sending can raise, after which cal.com may have the request. The first fits.
PERHAPS_SENT: dict[type[Exception], str] = {
    httpx.TimeoutException: "The answer did not come in time",
    TimeoutError: "The answer did not come in time",
    httpx.ProtocolError: "The connection ended early, or what came was not HTTP",
    httpx.HTTPError: "The connection broke",
    httpx.StreamError: "The connection broke",
    OSError: "The connection broke",
}
FAULTS = (*NEVER_SENT, *PERHAPS_SENT)
# Numbers, files and lines of the system in the message of a fault.
SYSTEM_DETAILS = re.compile(r"\[[^\]]*\]|\(?\b_ssl\.c:\d+[):]*")


class PendingCall(Generic[T]):
    """One call under way. Methods stand in the order of use."""

    def __init__(self, call: Call[T], access: Access) -> None:
        self._call = call
        self._secrets = (access.api_key, call.uid or "")
        self._sent_at = datetime.now(UTC)
        self._started = monotonic()
        self._status: int | None = None
        self._headers = httpx.Headers()
        self._body = bytearray()
        self._is_readable = True

    def take_head(self, response: httpx.Response) -> bool:
        """Keep status and headers; return whether the body has the encoding that was asked for."""
        self._status, self._headers = response.status_code, response.headers
        encoding = response.headers.get("content-encoding", "identity")
        self._is_readable = encoding.lower() == "identity"
        return self._is_readable

    def take(self, chunk: bytes) -> bool:
        """Keep a piece of the body; return whether the rest may be read, too."""
        self._body += chunk
        self._is_readable = len(self._body) <= LONGEST_BODY
        return self._is_readable

    def failed(self, fault: Exception) -> CalcomError:
        """Return the error for one of ``FAULTS``.

        It does not chain the fault, and quotes none that came with an answer: they show the
        address, which holds the uid, or parts of the answer.
        """
        if not self._call.can_be_sent:
            fields = (FieldError("uid", ("uid cannot be part of an address",)),)
            return self._error(Complaint(fields=fields, cause=Cause.INVALID))
        if self._status is None and (words := words_for(fault, NEVER_SENT)):
            details = SYSTEM_DETAILS.sub("", str(fault)).strip()
            message = f"{words}: {details}" if details else words
            return self._error(Complaint(message, cause=Cause.NOT_SENT))
        message = words_for(fault, PERHAPS_SENT) or "No answer"
        return self._error(Complaint(message, cause=Cause.UNANSWERED))

    def answered(self) -> Answer[T] | CalcomError:
        """Return the answer, or the error that the whole response stands for."""
        body = bytes(self._body) if self._is_readable else b""
        found = read_response(self._call, self._status or 0, self._headers, body)
        if isinstance(found, Complaint):
            return self._error(found)
        return Answer(found, self._exchange())

    def _error(self, complaint: Complaint) -> CalcomError:
        """Return the error, whose words are cleansed of the call's secrets."""
        cause, secrets = complaint.cause, self._secrets
        fields = (
            FieldError(
                cleanse(one.field, secrets, NAME),
                tuple(cleanse(text, secrets) for text in one.messages),
            )
            for one in complaint.fields
        )
        return kind_of(cause, writes=self._call.writes)(
            cause,
            self._exchange(),
            message=cleanse(complaint.message, secrets),
            code=cleanse(complaint.code, secrets, NAME),
            fields=tuple(fields),
            retry_after=seconds_to_wait(self._headers) if cause is Cause.RATE_LIMITED else None,
        )

    def _exchange(self) -> Exchange:
        return Exchange(
            method=self._call.method,
            path=self._call.path,
            sent_at=self._sent_at,
            received_at=datetime.now(UTC),
            milliseconds=round((monotonic() - self._started) * 1000),
            status=self._status,
            request_id=plain(hide(self._headers.get("x-request-id", ""), self._secrets), 64),
            server_date=date_of(self._headers),
            rate=rate_of(self._headers),
        )


def words_for(fault: Exception, table: dict[type[Exception], str]) -> str:
    return next((words for kind, words in table.items() if isinstance(fault, kind)), "")
