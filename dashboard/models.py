"""Gathers the rooms' models for Django, which looks for them here."""

from dashboard.accounts.models import SignInGuesses, User
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import EventTypeLock, Hold, Upstream

__all__ = ["AuditEntry", "EventTypeLock", "Hold", "SignInGuesses", "Upstream", "User"]
