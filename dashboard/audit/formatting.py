"""Format the values of an entry: keys as labels, times in the reader's time zone."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy as _lazy, ngettext

from dashboard.audit import action_labels
from dashboard.audit.clients import all_holds
from dashboard.localization import local_times

NOTHING = "–"
LATEST_HOLDS = 1000  # among which the title of an event type is looked up
TITLE_KEPT = 60  # seconds that a process keeps what it looked up
MOST_HOSTS = 2  # named for an event type; more share it, so that they do not tell it apart

TIME_KEYS = frozenset({"slot_start", "slot_end", "held_until", "latest_end", "before", "newest"})
CHOICE_KEYS = {"state": "Hold", "kind": "Calendar", "colour": "Calendar"}  # by their model
MINUTE_KEYS = frozenset({"slot_duration", "reservation_duration", "add"})
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
    "fields": _lazy("fields"),
    "client_name": _lazy("client"),
    "client_contact": _lazy("contact"),
    "note": _lazy("note"),
    "entry": _lazy("number of the entry"),
    "offer": _lazy("number of the offer"),
    "way": _lazy("way"),
    "version": _lazy("version"),
    "calendar": _lazy("calendar"),
    "kind": _lazy("kind"),
    "reference": _lazy("user name or number at cal.com"),
    "label": _lazy("label"),
    "colour": _lazy("colour"),
    "position": _lazy("position"),
    "is_hidden": _lazy("hidden"),
    "is_paused": _lazy("paused"),
    "people": _lazy("people limited to it"),
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
    "address": _lazy("IP address"),
    "former_client": _lazy("only a former client"),
    "holds": _lazy("numbers of the holds"),
    "searches": _lazy("saved searches deleted"),
    "format": _lazy("format"),
    "filters": _lazy("filters"),
    "first": _lazy("first position"),
    "last": _lazy("last position"),
    "total": _lazy("number of entries"),
    "newest": _lazy("newest entry of the backup"),
    "file": _lazy("file"),
    "database": _lazy("kind of database"),
    "hash": _lazy("hash of the last link"),
    "compared": _lazy("also compared"),
    "unresolved": _lazy("verifications with faults that were not looked for since"),
    "before": _lazy("older than"),
    "fault": _lazy("fault"),
    "fault_position": _lazy("position of the fault"),
    "fault_entry": _lazy("entry of the fault"),
}


def label(key: str) -> str:
    """Return the label of a key; an unknown key as it is, with spaces."""
    return str(LABELS.get(key, key.replace("_", " ")))


def sorted_keys(keys: Iterable[str]) -> list[str]:
    """Return distinct keys in the order of LABELS; PostgreSQL does not keep the order of JSON."""
    known = list(LABELS)
    return sorted(
        set(keys), key=lambda key: (known.index(key) if key in LABELS else len(known), key)
    )


def display(key: str, value: Any, near: datetime | None = None) -> str:
    """Return a value as text.

    With ``near`` in short: a time on the same day without its date, an event type without number.
    """
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(display(key, item, near) for item in value) or NOTHING
    if key in TIME_KEYS and (moment := parse_time(value)):
        return time_near(moment, near) if near else local_times.in_full(moment)
    if key in MINUTE_KEYS and isinstance(value, int):
        return ngettext("%(n)s minute", "%(n)s minutes", value) % {"n": value}
    if key == "event_type_id" and (title := event_type_known(value)[0]):
        return title if near else f"{title} ({value})"
    if key == "fields":
        return label(str(value))
    if key in CHOICE_KEYS:
        return str(choice_labels(key).get(str(value), value))
    if key == "way":
        way = str(value).replace("_", " ")
        return str(action_labels.WAYS.get(way, way))
    if key == "reason":
        return action_labels.reason_label(str(value))
    if key in ("fault", "compared", "role"):
        return action_labels.code_label(str(value))
    return str(value)


def event_type_known(number: Any) -> tuple[str, str]:
    """Return title and hosts of an event type in the latest holds; "" for what none has."""
    return latest_known(number, title_age()) if isinstance(number, int) else ("", "")


@lru_cache(maxsize=300)
def latest_known(number: int, _age: float) -> tuple[str, str]:
    # Limited, because no index has the event type.
    latest = all_holds().order_by("-pk").values_list("event_type_id", "event_type_title", "hosts")
    found = (rest for each, *rest in latest[:LATEST_HOLDS] if each == number and rest[0])
    title, hosts = next(found, ("", []))
    names = [name for _number, name, *_rest in hosts if name]
    return title, ", ".join(names) if len(names) <= MOST_HOSTS else ""


def event_type_of_whom(number: Any) -> str:
    """Return title and hosts of an event type; with its number where the hosts are not known."""
    title, hosts = event_type_known(number)
    return f"{title} · {hosts}" if title and hosts else display("event_type_id", number)


def title_age() -> float:
    """Return a number that changes when titles are looked up anew."""
    return time.monotonic() // TITLE_KEPT


def choice_labels(key: str) -> dict[Any, str | Promise]:
    """Return the labels of the choices of a field, such as the states of holds."""
    field = apps.get_model("dashboard", CHOICE_KEYS[key])._meta.get_field(key)
    return dict(getattr(field, "flatchoices", ()))


def parse_time(value: Any) -> datetime | None:
    """Return the aware datetime of an ISO 8601 text that every time zone has, or None."""
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return parsed if parsed.tzinfo and 1 < parsed.year < 9999 else None


def time_near(
    at: datetime, near: datetime, time_of_day: Callable[[datetime], str] = local_times.minute
) -> str:
    """Format as 14:05, or as Tue 24 Nov 2026 14:05 on another day than ``near``."""
    text = time_of_day(at)
    is_same_day = local_times.local_date(at) == local_times.local_date(near)
    return text if is_same_day else f"{local_times.day_and_year(at)} {text}"


def before_and_after(key: str, old: Any, new: Any, near: datetime) -> tuple[str, str]:
    """Return two different values as short texts: of times the first relative to ``near``.

    The second is relative to the first: Wed 25 Nov 2026 14:30 → 15:30. Times in the same minute are
    shown with seconds; less than a second is no difference. Event types are shown with their hosts
    where these differ, else those of the same title with their numbers.
    """
    if key == "event_type_id":
        hosts, others = event_type_known(old)[1], event_type_known(new)[1]
        if hosts and others and hosts != others:
            return event_type_of_whom(old), event_type_of_whom(new)
    if key in TIME_KEYS and (former := parse_time(old)) and (later := parse_time(new)):
        minutes = {each.replace(second=0, microsecond=0) for each in (former, later)}
        time_of_day = local_times.clock if len(minutes) == 1 else local_times.minute
        return time_near(former, near, time_of_day), time_near(later, former, time_of_day)
    before, after = display(key, old, near), display(key, new, near)
    if before == after and key == "event_type_id":
        return display(key, old), display(key, new)
    return before, after
