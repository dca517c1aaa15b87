"""Form fields and inputs of moments, minutes, time zones and tokens."""

import re
import uuid
from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dashboard.localization import local_times, time_zones

FIRST_YEAR = 1970
LAST_YEAR = 2100  # cal.com answers year 9999 with a fault of its own
MOST_QUOTED = 40  # characters of a text that a message repeats
# What telephones and web pages put around or into a text that is copied there: marks of direction,
# of places to break a line, and of none.
INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
# Control characters, which some programs copy with a text, with the spaces around them. Django
# refuses a NUL.
CONTROLS = re.compile(r"(?<! )(?: *[\x01-\x1f\x7f-\x9f])+ *")
EXTENSIONS = (15, 5, 30, 60)  # minutes that buttons add; the board has the first
ENDS_SOON = 2  # minutes left of a hold that is about to end
# A browser's own pickers read ISO 8601 in every language.
DATE_INPUT = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
TIME_INPUT = forms.TimeInput(format="%H:%M", attrs={"type": "time"})


def validate_near(day: date) -> None:
    """Raise ValidationError for a year that pages do not show, with room for a week around it."""
    if not FIRST_YEAR <= day.year < LAST_YEAR - 1:
        raise ValidationError(_("This year is too far away."))


# What <input type="datetime-local"> can show; anything else that was typed stays as text.
LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")


class DateTimeInput(forms.DateTimeInput):
    """A browser's own date and time picker, or a text field for text that it would drop."""

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


def minutes_field(label: Any, *, help_text: Any = "") -> forms.IntegerField:
    """Return an optional field for a number of minutes; services check its limits."""
    widget = forms.NumberInput(attrs={"inputmode": "numeric", "min": 1})
    return forms.IntegerField(label=label, required=False, help_text=help_text, widget=widget)


def limit_minutes(field: forms.Field) -> None:
    """Tell how many minutes from now the office allows."""
    field.help_text = _("From 1 to %(most)s.") % {"most": settings.HOLD_MINUTES_MAX}
    field.widget.attrs["max"] = settings.HOLD_MINUTES_MAX


def offered_extensions() -> list[int]:
    """Return the minutes that buttons add: those that the office allows a hold that ends soon."""
    most = settings.HOLD_MINUTES_MAX - ENDS_SOON
    return [minutes for minutes in EXTENSIONS if minutes <= most] or [1]


class SlotStartField(forms.Field):
    """ISO 8601 with an offset or Z, or a local time of the person's own zone, else the office's.

    Refuses a local hour that does not exist or exists twice because clocks change.
    Cleans to a moment in UTC, cut to milliseconds as cal.com does.
    """

    widget = DateTimeInput
    default_error_messages = {"required": _("Choose a free time, or enter one.")}

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
            moment = local_moment(moment)
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        # PostgreSQL takes no offset beyond 15:59, and sums in a zone ignore its clock changes.
        return moment.astimezone(UTC)


def local_moment(naive: datetime) -> datetime:
    """Put a local time into the viewer's zone. Raise ValidationError unless it exists once."""
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


class LineField(forms.CharField):
    """A text on one line, without control characters.

    It has no mark that ends an isolation either: pages isolate a name from what follows it.
    """

    def to_python(self, value: Any) -> Any:
        return super().to_python(CONTROLS.sub(" ", str(value or "").replace("\u2069", "")))


class TimeZoneField(forms.Field):
    """A time zone by its IANA name, the city in it, or its offset. Cleans to its name, or "".

    Where a text may mean several zones, the error has the code "ambiguous", and their names in
    its parameter ``found``.
    """

    def to_python(self, value: Any) -> str:
        text = str(value or "").strip()
        if not text:
            return ""
        found = time_zones.meanings(text)
        if not found:
            unknown = _("Give a time zone such as America/New_York, its city, or an offset: UTC+2.")
            raise ValidationError(unknown)
        if len(found) > 1:
            raise ValidationError(
                _("“%(text)s” can mean more than one time zone: %(zones)s. Which one?"),
                code="ambiguous",
                params={
                    "text": text[:MOST_QUOTED],
                    "zones": ", ".join(found).replace("_", " "),
                    "found": found,
                },
            )
        return found[0]


class TokenField(forms.Field):
    """A token that the page made. Cleans to None if it is damaged, so that no form is refused."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> uuid.UUID | None:
        try:
            return uuid.UUID(str(value)) if value else None
        except ValueError:
            return None
