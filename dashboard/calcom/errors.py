"""Errors of a call, divided by what the caller may do next.

CalcomError      each has a ``cause``, the ``exchange`` and cleansed words
├── Refused      cal.com said no, and why: asking again brings the same
├── Unavailable  certainly not done: safe to try again
└── Unknown      sent, and perhaps done: look before asking again
"""

from dataclasses import dataclass
from enum import StrEnum

from dashboard.calcom.types import Exchange


class Cause(StrEnum):
    """Reason of an error, in one word."""

    # Refused
    NOT_RELATED = "not_related"  # the key is not related to the event type
    UNKNOWN_EVENT_TYPE = "unknown_event_type"
    UNKNOWN_RESERVATION = "unknown_reservation"  # PATCH of a uid that cal.com does not have
    ALREADY_RESERVED = "already_reserved"  # another overlaps; on PATCH also the reservation itself
    ALREADY_BOOKED = "already_booked"  # a booking overlaps
    NO_SEATS = "no_seats"  # seated and full
    NO_HOSTS = "no_hosts"  # a team event type without hosts (400), or without one left then (422)
    WRONG_DURATION = "wrong_duration"  # slotDuration is not offered
    # Validation; ``fields`` says which. With no status: the uid cannot be part of an address.
    INVALID = "invalid"
    OTHER_REFUSAL = "other_refusal"  # any other 4xx in one of cal.com's two shapes
    # Unavailable
    KEY_REJECTED = "key_rejected"  # unknown, expired, revoked or unreadable key
    RATE_LIMITED = "rate_limited"  # ``retry_after`` says how many seconds to wait
    WRONG_ROUTE = "wrong_route"  # a 404 that speaks of no object, or a redirect
    NOT_SENT = "not_sent"  # no connection, a full pool, or no address to send to
    # Unknown, or for a GET, which changes nothing, Unavailable
    UNANSWERED = "unanswered"  # timed out or disconnected, even half-way through the answer
    SERVER_FAULT = "server_fault"  # any 5xx or 408, with or without envelope
    NOT_JSON = "not_json"  # a body that is no JSON, or too long to read
    UNKNOWN_SHAPE = "unknown_shape"  # JSON of an unknown shape


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that cal.com's validation refused, by cal.com's name of it."""

    field: str
    messages: tuple[str, ...]


class CalcomError(Exception):
    """A call that brought no good answer.

    ``message`` and ``code`` are cal.com's, cleansed of uid, key and echoed body. It chains no
    exception of the HTTP library on purpose: those carry the address, and with it the uid.
    """

    def __init__(
        self,
        cause: Cause,
        exchange: Exchange,
        *,
        message: str = "",
        code: str = "",
        fields: tuple[FieldError, ...] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(cause, exchange)  # what pickle hands back to __init__
        self.cause = cause
        self.exchange = exchange
        self.message = message
        self.code = code
        self.fields = fields
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.cause}: {self.message}" if self.message else str(self.cause)


class Refused(CalcomError):  # noqa: N818 - as in the tree above
    """cal.com said no; nothing was changed."""


class Unavailable(CalcomError):  # noqa: N818 - as in the tree above
    """Certainly not done; safe to try again."""


class Unknown(CalcomError):  # noqa: N818 - as in the tree above
    """Sent, and perhaps done; look before asking again."""


NEVER_DONE = frozenset({Cause.KEY_REJECTED, Cause.RATE_LIMITED, Cause.WRONG_ROUTE, Cause.NOT_SENT})
IN_THE_DARK = frozenset({Cause.UNANSWERED, Cause.SERVER_FAULT, Cause.NOT_JSON, Cause.UNKNOWN_SHAPE})


def kind_of(cause: Cause, *, writes: bool) -> type[CalcomError]:
    """Return the class of errors of a cause; a call that only reads is never unknown."""
    if cause in NEVER_DONE:
        return Unavailable
    if cause in IN_THE_DARK:
        return Unknown if writes else Unavailable
    return Refused
