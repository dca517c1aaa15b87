"""Service for preferences.

It writes no audit entry: preferences grant nothing, and only their owner sees and changes them.
"""

from typing import Any

from dashboard.accounts.actors import Actor
from dashboard.accounts.models import Preferences


def save_preferences(*, by: Actor, **values: Any) -> Preferences:
    """Store values of ``Preferences``. "" and None select the office's or browser's default."""
    preferences, _created = Preferences.objects.update_or_create(user=by.user, defaults=values)
    return preferences
