"""Made-up holds, lines of the log and forms, for pages that need no database and no cal.com."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.template.loader import render_to_string

from dashboard.audit.timeline import Line

ZONE = ZoneInfo("Europe/Rome")


@dataclass(frozen=True)
class Row:
    pk: int
    left: int  # seconds
    slot: str
    event_type: str = "Consult 60"
    client: str = ""
    contact: str = ""
    note: str = ""
    holder: str = "you"
    mine: bool = True
    acts: bool = True
    state: str = "held"
    word: str = "held"
    icon: str = "live"
    tone: str = "live"
    sentence: str = ""
    ends_prefix: str = ""
    version: int = 3

    @property
    def url(self) -> str:
        return f"/holds/{self.pk}/"

    @property
    def ends(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.left)

    @property
    def ends_iso(self) -> str:
        return f"{self.ends:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def ends_text(self) -> str:
        return f"{self.ends.astimezone(ZONE):%H:%M:%S}"

    @property
    def slot_day(self) -> str:
        return self.slot.rpartition(" ")[0]

    @property
    def slot_time(self) -> str:
        return self.slot.rpartition(" ")[2]

    @property
    def html(self) -> str:
        return render_to_string("holds/_row.html", {"row": self, "face": self.version})

    slot_iso = "2026-11-24T13:30:00Z"


def colleague(row: Row, name: str = "Ada Lindqvist") -> Row:
    return replace(row, holder=name, mine=False, acts=False)


ROWS = [
    Row(1, 48, "Tue 24 Nov 14:30–15:30", client="Marta Ferri", note="called at nine, rings back"),
    Row(2, 110, "Tue 24 Nov 16:00–17:00", client="Joseph Okafor"),
    colleague(Row(3, 730, "Wed 25 Nov 09:00–09:30", "Short 30", client="Li Wen")),
    Row(4, 845, "Wed 25 Nov 11:15–12:15", client="Dr. Anneliese Brandstätter-Hohenwarth"),
    replace(
        Row(5, 900, "Thu 26 Nov 08:00–08:30", "Short 30", client="P. Moreau"),
        word="being changed",
        icon="changing",
        tone="changing",
        acts=False,
    ),
    colleague(Row(6, 1210, "Thu 26 Nov 10:00–11:00", client="Noor Haddad"), "Tomás Rey"),
    Row(7, 1500, "Fri 27 Nov 15:00–17:00", "Workshop, seated", note="eight people, needs the ramp"),
    colleague(Row(8, 3671, "Mon 30 Nov 09:30–10:30", client="Sofia Marchetti"), "Tomás Rey"),
]
ATTENTION = [
    replace(
        Row(21, 900, "Wed 25 Nov 10:00–11:00", client="Ivan Petrov"),
        word="unconfirmed",
        icon="asked",
        tone="trouble",
        ends_prefix="≤ ",
        sentence="cal.com did not answer: the time may be held until 14:19 at the latest.",
    ),
    replace(
        colleague(Row(22, 0, "Tue 24 Nov 18:00–19:00", client="Grace Mbeki")),
        word="lost",
        icon="trouble",
        tone="trouble",
        sentence="Somebody else reserved this time while it was being extended.",
    ),
]
PROBLEM = {
    "happened": "This time is already reserved by someone else.",
    "safe": "Nothing of yours was changed.",
    "what_now": "Choose another time.",
    "details": "Slot already reserved (422 UnprocessableEntityException)",
    "others": [colleague(ROWS[2])],
}


def line(  # one line of the log, as dashboard.audit folds it
    second: int, action: str, verdict: str = "ok", *details: str, who: str = "you", hold: int = 1
) -> Line:
    return Line(
        entry_id=5000 - second,
        action_id=UUID(int=second),
        at=datetime.now(UTC) - timedelta(seconds=second),
        action=action,
        verdict=verdict,
        who=who,
        it="the hold of Tue 24 Nov 14:30",
        details=details,
        calls=(),
        duration=None,
        hold_id=hold or None,
        hold=SimpleNamespace(client_name="Marta Ferri") if hold else None,
    )


STORY = [
    line(131, "extend", "ok", "14:05 → 14:20", "cal.com answered in 212 ms (parked and returned)"),
    line(342, "extend", "refused", "cal.com: already reserved"),
    line(700, "check", "unfinished", who="Tomás Rey"),
    line(862, "place", "ok", "for 15 minutes", "cal.com answered in 180 ms"),
]
LOG = [
    *STORY,
    line(900, "sign_in", "ok", hold=0),
    line(940, "sign_in_failed", "refused", who="root", hold=0),
    line(990, "release", "unknown", "cal.com did not answer", who="Tomás Rey", hold=2),
    line(1200, "expire", "ok", who="system", hold=3),
]


class Message:
    level_tag = "success"

    def __str__(self) -> str:
        return "Held until 14:20:00."


DONE = Message()


class LogForm(forms.Form):
    person = forms.ChoiceField(choices=[("", "anyone"), ("1", "Ada Lindqvist (ada)")])
    action = forms.ChoiceField(choices=[("", "all"), ("place", "placed a hold")])
    outcome = forms.ChoiceField(choices=[("", "all"), ("refused", "refused")])
    since = forms.DateField(label="From day", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To day", widget=forms.DateInput(attrs={"type": "date"}))

    @property
    def filters(self) -> list[forms.BoundField]:
        return list(self)


class SignInForm(forms.Form):
    username = forms.CharField(label="Name")
    password = forms.CharField(label="Password", widget=forms.PasswordInput)


class PlaceForm(forms.Form):
    event_type_id = forms.TypedChoiceField(
        label="Event type",
        choices=[("", "Choose …"), (1, "Consult · 60 min"), (2, "Short · 30 min")],
    )
    slot_start = forms.CharField(label="Start", help_text="Europe/Rome")
    slot_duration = forms.IntegerField(
        label="Length in minutes", required=False, help_text="where the event type offers several"
    )
    client_name = forms.CharField(label="Client", required=False)
    client_contact = forms.CharField(label="Contact", required=False, help_text="phone or e-mail")
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    reservation_duration = forms.IntegerField(
        label="Minutes to hold", initial=15, help_text="from now, at most 120"
    )
    token = forms.CharField(widget=forms.HiddenInput, initial="a")


class MoveForm(forms.Form):
    slot_start = forms.CharField(label="New start", help_text="Europe/Rome")
    slot_duration = forms.IntegerField(label="Length in minutes", required=False)
    event_type_id = forms.ChoiceField(label="Event type", choices=[(1, "Consult · 60 min")])
    reservation_duration = forms.IntegerField(label="Minutes to hold", initial=15)


class ReleaseForm(forms.Form):
    reason = forms.ChoiceField(
        label="Why",
        required=False,
        widget=forms.RadioSelect,
        choices=[
            ("client_rang_off", "Client hung up"),
            ("client_chose_other", "Client chose another time"),
            ("booked", "Booked"),
            ("mistake", "Held by mistake"),
        ],
    )
    note = forms.CharField(label="In your own words", required=False)


class ExtendForm(forms.Form):
    reservation_duration = forms.IntegerField(
        label="Minutes from now", initial=15, help_text="at most 120"
    )


class UidForm(forms.Form):
    uid = forms.CharField(
        label="uid",
        help_text="as cal.com or a colleague's tool shows it",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class TakeForm(forms.Form):
    find = forms.CharField(widget=forms.HiddenInput, initial="f")
    client_name = forms.CharField(label="Client", required=False)
    client_contact = forms.CharField(label="Contact", required=False)
    note = forms.CharField(label="Note", required=False)
