"""The only way to change how somebody likes to work.

Nobody does it for anybody else, it opens nothing and other people see nothing of it, so the audit
does not have it.
"""

from __future__ import annotations

from dashboard.accounts.models import Preferences
from dashboard.audit.actor import Actor


def keep(
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
    """Write down what a person likes. Empty and None stand for what the office has."""
    kept, _is_new = Preferences.objects.update_or_create(
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
    return kept
