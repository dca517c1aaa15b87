"""Form fields of moments and tokens."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dashboard.holds import local_times

# What <input type="datetime-local"> can show; anything else that was typed stays as text.
LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
FIRST_YEAR = 1970
LAST_YEAR = 2100  # cal.com answers year 9999 with a fault of its own


class LocalInput(forms.DateTimeInput):
    """A date and time picker that never drops what was typed."""

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, datetime):
            return local_times.typed(value)
        return str(value) if value else None

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        shown = context["widget"]["value"]
        local = shown is None or LOCAL.fullmatch(shown)
        context["widget"]["type"] = "datetime-local" if local else "text"
        return context


class SlotStartField(forms.Field):
    """ISO 8601 with an offset or Z, or a local time: of the person's own zone, else the office's.

    A local hour that does not exist or exists twice (when clocks change) is refused.
    Gives an aware moment, cut to milliseconds as cal.com does.
    """

    widget = LocalInput

    def to_python(self, value: Any) -> datetime | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise ValidationError(_("Give a date and a time, such as 2027-03-24 14:30.")) from error
        if not re.search(r"\d[T ]\d", text):
            raise ValidationError(_("Give the time too, such as 2027-03-24 14:30."))
        if not FIRST_YEAR <= moment.year < LAST_YEAR:
            raise ValidationError(_("This year is too far away."))
        if moment.tzinfo is None:
            moment = _local_time(moment)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _local_time(naive: datetime) -> datetime:
    early = naive.replace(tzinfo=local_times.zone(), fold=0)
    late = early.replace(fold=1)
    if early.utcoffset() == late.utcoffset():
        return early
    # In a gap, and only there, no moment of UTC comes out as the time that was typed.
    if early.astimezone(UTC).astimezone(local_times.zone()).replace(tzinfo=None) != naive:
        raise ValidationError(
            _("This hour does not exist in %(zone)s: the clocks go forward then."),
            params={"zone": local_times.zone_name()},
        )
    raise ValidationError(
        _("This hour exists twice in %(zone)s. Add which one you mean: %(first)s or %(second)s."),
        params={
            "zone": local_times.zone_name(),
            "first": early.isoformat(timespec="minutes"),
            "second": late.isoformat(timespec="minutes"),
        },
    )


class ZoneField(forms.Field):
    """A time zone by its IANA name, or by the city in it. Gives the name, or ""."""

    def to_python(self, value: Any) -> str:
        wanted = "_".join(str(value or "").split()).lower()
        if not wanted:
            return ""
        names = _zones()
        exact = [name for name in names if name.lower() == wanted]
        cities = [name for name in names if name.lower().rpartition("/")[2] == wanted]
        found = exact or sorted(cities, key=lambda name: (name.count("/") != 1, name))
        if not found:
            raise ValidationError(_("Give a time zone such as America/New_York, or its city."))
        return found[0]


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # reads a folder each time it is asked


class TokenField(forms.Field):
    """A token that the page made; a spoilt one is no reason to refuse what people typed."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> uuid.UUID | None:
        try:
            return uuid.UUID(str(value)) if value else None
        except ValueError:
            return None
