"""Service for preferences.

It writes no audit entry: preferences grant nothing, and only their owner sees and changes them.
"""

from __future__ import annotations

from dashboard.accounts.actors import Actor
from dashboard.accounts.models import Preferences


def save_preferences(
    *,
    time_zone: str,
    language: str,
    hold_minutes: int | None,
    event_type_id: int | None,
    density: str,
    sound: bool,
    desktop_notice: bool,
    shortcuts: bool,
    by: Actor,
) -> Preferences:
    """Store the preferences of ``by``. "" and None select the office's (or browser's) default."""
    preferences, _created = Preferences.objects.update_or_create(
        user=by.user,
        defaults={
            "time_zone": time_zone,
            "language": language,
            "hold_minutes": hold_minutes,
            "event_type_id": event_type_id,
            "density": density,
            "sound": sound,
            "desktop_notice": desktop_notice,
            "shortcuts": shortcuts,
        },
    )
    return preferences
