"""Client of cal.com's API v2. Knows HTTP and no Django."""

from dashboard.calcom.client import AsyncClient, Client
from dashboard.calcom.errors import CalcomError, Cause, Refused, Unavailable, Unknown
from dashboard.calcom.types import (
    LARGEST_INTEGER,
    Answer,
    EventType,
    EventTypeKind,
    Exchange,
    Host,
    Listed,
    Reservation,
    Slot,
    Team,
)

__all__ = [
    "LARGEST_INTEGER",
    "Answer",
    "AsyncClient",
    "CalcomError",
    "Cause",
    "Client",
    "EventType",
    "EventTypeKind",
    "Exchange",
    "Host",
    "Listed",
    "Refused",
    "Reservation",
    "Slot",
    "Team",
    "Unavailable",
    "Unknown",
]
