"""Gathers the rooms' models for Django, which looks for them here."""

from dashboard.accounts.models import Preferences, SignInGuesses, User
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import EventTypeLock, FreeTimes, Hold, Offer, Upstream

__all__ = [
    "AuditEntry",
    "EventTypeLock",
    "FreeTimes",
    "Hold",
    "Offer",
    "Preferences",
    "SignInGuesses",
    "Upstream",
    "User",
]
