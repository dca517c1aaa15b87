"""How the values inside an entry read: keys as words, moments in the reader's zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from dashboard.audit import action_labels
from dashboard.audit.models import AuditEntry

NOTHING = "–"

MOMENTS = frozenset({"slot_start", "slot_end", "held_until", "latest_end"})
MINUTES = frozenset({"slot_duration", "reservation_duration", "add"})
LABELS: dict[str, str | Promise] = {
    "event_type_id": _lazy("event type"),
    "slot_start": _lazy("slot starts"),
    "slot_end": _lazy("slot ends"),
    "slot_duration": _lazy("length of the slot"),
    "reservation_duration": _lazy("to be held for"),
    "add": _lazy("to be held longer by"),
    "held_until": _lazy("held until"),
    "latest_end": _lazy("held until at the latest"),
    "state": _lazy("state"),
    "holder": _lazy("holder"),
    "offer": _lazy("number of the offer"),
    "way": _lazy("way"),
    "version": _lazy("version"),
    "person": _lazy("number of the person"),
    "username": _lazy("user name"),
    "first_name": _lazy("first name"),
    "last_name": _lazy("last name"),
    "email": _lazy("e-mail"),
    "is_active": _lazy("may sign in"),
    "groups": _lazy("groups"),
    "role": _lazy("role"),
    "is_superuser": _lazy("superuser"),
    "reason": _lazy("reason"),
    "method": _lazy("method"),
    "path": _lazy("address of the page"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One value before and after, ready to be shown. The same text twice did not change."""

    label: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


def label(key: str) -> str:
    """The words for a key; a key that we have no words for stands as it is."""
    return str(LABELS.get(key, key.replace("_", " ")))


def in_order(keys: Iterable[str]) -> list[str]:
    """Keys as people read them: PostgreSQL keeps no order of its own."""
    known = list(LABELS)
    return sorted(
        set(keys), key=lambda key: (known.index(key) if key in LABELS else len(known), key)
    )


def shown(key: str, value: Any, near: datetime | None = None) -> str:
    """A value in words. A moment on the same day as ``near`` is shown without its date."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(shown(key, item, near) for item in value) or NOTHING
    return _particular(key, value, near)


def _particular(key: str, value: Any, near: datetime | None) -> str:
    if key in MOMENTS and (parsed := moment(value)):
        return minute(parsed, near) if near else exact(parsed)
    if key in MINUTES and isinstance(value, int):
        return ngettext("%(n)s minute", "%(n)s minutes", value) % {"n": value}
    if key == "state":
        return states().get(str(value), str(value))
    if key == "way":
        way = str(value).replace("_", " ")
        return str(action_labels.WAYS.get(way, way))
    if key == "reason":
        return action_labels.reason(str(value))
    if key == "role":
        return str(action_labels.ROLES.get(value, value))
    return str(value)


def states() -> dict[Any, str]:
    """The words for the states of a hold, from the model that the foreign key points to."""
    register = AuditEntry._meta.get_field("hold").related_model
    choices = getattr(register._meta.get_field("state"), "flatchoices", ())
    return {value: str(word) for value, word in choices}


def moment(value: Any) -> datetime | None:
    """The aware moment that a text in ISO 8601 names, or None."""
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return parsed if parsed.tzinfo else None


def zone() -> tzinfo:
    """The zone of whoever reads: their own, else the office's."""
    return timezone.get_current_timezone()


def minute(at: datetime, near: datetime) -> str:
    """14:05, or Tue 24 Nov 14:05 on another day than ``near``."""
    local = at.astimezone(zone())
    if local.date() != near.astimezone(zone()).date():
        return day_and_minute(at, near)
    return _clock(local)


def day_and_minute(at: datetime, near: datetime) -> str:
    """Tue 24 Nov 14:05, with the year where it is not that of ``near``."""
    local = at.astimezone(zone())
    same_year = local.year == near.astimezone(zone()).year
    day = formats.date_format(local, _("D j M") if same_year else _("D j M Y"))
    return f"{day} {_clock(local)}"


def exact(at: datetime) -> str:
    """Tue 24 Nov 2026 14:05:30 CET"""
    local = at.astimezone(zone())
    return formats.date_format(local, _("D j M Y H:i:s")) + f" {local:%Z}"


def _clock(local: datetime) -> str:
    """14:05, or 02:30 CET where clocks are put back and show it twice."""
    words = formats.date_format(local, "H:i")
    told_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{words} {local:%Z}" if told_twice else words


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Each key of either, before and after, in full."""
    for key in in_order([*before, *after]):
        yield Difference(label(key), shown(key, before.get(key)), shown(key, after.get(key)))


def change(key: str, old: Any, new: Any, near: datetime) -> Difference:
    """One value before and after, as short as a sentence near that moment wants it.

    Moments in the same minute are told with their seconds; less than a second is no change.
    """
    short = Difference(label(key), shown(key, old, near), shown(key, new, near))
    moments = moment(old), moment(new)
    if key not in MOMENTS or short.changed or None in moments:
        return short
    return Difference(short.label, *(f"{at.astimezone(zone()):%H:%M:%S}" for at in moments if at))
