"""Made-up data for every page in every state: what the preview shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.template.loader import render_to_string

from dashboard.audit.lines import Line

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
            ("client_rang_off", "Client rang off"),
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


def tabs(current: str, *counts: int) -> list[SimpleNamespace]:
    named = [
        ("mine", "Mine"),
        ("everyone", "Everyone"),
        ("soon", "Ending soon"),
        ("attention", "Needs attention"),
        ("ended", "Ended"),
    ]
    return [
        SimpleNamespace(value=value, label=label, count=count, is_current=value == current)
        for (value, label), count in zip(named, counts, strict=True)
    ]


def bar(*rows: Row) -> SimpleNamespace:
    """What the bar warns of; the level by the seconds left, as the product has it."""
    warned = [
        SimpleNamespace(
            row=row, level="last" if row.left <= 60 else "soon" if row.left <= 120 else ""
        )
        for row in rows
    ]
    return SimpleNamespace(warnings=warned, tag='"bar"', field="add", minutes=15)


def ended_lines() -> list[SimpleNamespace]:
    said = [("released", "Client rang off"), ("expired", ""), ("lost", "taken by someone else")]
    return [
        SimpleNamespace(
            row=replace(row, word=word, icon="ended", tone="ended", acts=False),
            ended_iso=row.ends_iso,
            ended_day="Tue 24 Nov",
            ended_clock=row.ends_text,
            reason=reason,
            again="/place?again=1" if word != "lost" else "",
        )
        for row, (word, reason) in zip(ROWS, said, strict=False)
    ]


def board(
    *,
    rows: list[Row],
    attention: list[Row],
    findings: bool = False,
    tab: str = "everyone",
    ended: list[SimpleNamespace] | None = None,
    find: str = "",
) -> dict[str, Any]:
    found = [
        {
            "sentence": "14:01:22 · Tomás Rey moved a hold, and no outcome is on record.",
            "url": "/audit/7/",
        }
    ]
    return {
        "board": SimpleNamespace(
            rows=rows,
            attention=attention,
            findings=found if findings else [],
            live_count=len(rows),
            updated=f"Tue 24 Nov {datetime.now(ZONE):%H:%M:%S}",
            tab=tab,
            tabs=tabs(tab, 5, len(rows), 2, len(attention), 3),
            ended=ended or [],
            is_cut=bool(ended),
            find=find,
            tag='"first"',
        )
    }


def hold(row: Row = ROWS[0], **more: Any) -> dict[str, Any]:
    return {
        "row": row,
        "acts": row.acts,
        "extend_form": ExtendForm(),
        "release_form": ReleaseForm(),
        "story": STORY,
        **more,
    }


def many(count: int) -> list[Row]:
    names = [
        "Marta Ferri",
        "Joseph Okafor",
        "Li Wen",
        "Noor Haddad",
        "Sofia Marchetti",
        "P. Moreau",
    ]
    return [
        Row(
            1000 + n * 7 % count,
            300 + 37 * n,
            f"Wed {n % 28 + 1} Nov {n % 9 + 9:02}:30–{n % 9 + 10}:30",
            client=f"{names[n % 6]} {n}",
            acts=n % 3 == 0,
            holder="you" if n % 3 == 0 else "Tomás Rey",
            version=n % 9,
        )
        for n in range(count)
    ]


TO = {
    "day": "Thu 26 Nov",
    "time": "09:00–10:00",
    "event_type": "Consult 60",
    "ends_text": "14:20:00",
    "risk": "",
}
WRONG = {"reservation_duration": "500", "client_name": "Marta Ferri"}
LARGE = ("board-200", "board-500")  # for measuring
SCENES: dict[str, tuple[str, Any]] = {
    "board": ("holds/board.html", lambda: board(rows=ROWS, attention=ATTENTION, findings=True)),
    "board-calm": ("holds/board.html", lambda: board(rows=ROWS[2:], attention=[])),
    "board-empty": ("holds/board.html", lambda: board(rows=[], attention=[])),
    "board-problem": (
        "holds/board.html",
        lambda: {**board(rows=ROWS, attention=[]), "problem": {**PROBLEM, "wait": 12}},
    ),
    "board-mine": ("holds/board.html", lambda: board(rows=[], attention=[], tab="mine")),
    "board-soon": ("holds/board.html", lambda: board(rows=[], attention=[], tab="soon")),
    "board-ended": (
        "holds/board.html",
        lambda: board(rows=[], attention=[], tab="ended", ended=ended_lines()),
    ),
    "board-found": (
        "holds/board.html",
        lambda: board(rows=ROWS[:1], attention=[], find="ferri"),
    ),
    "board-warned": (
        "holds/board.html",
        lambda: {**board(rows=ROWS, attention=[]), "bar": bar(*ROWS[:4])},
    ),
    "board-to-be-warned": (
        "holds/board.html",
        lambda: {**board(rows=ROWS, attention=[]), "bar": bar(replace(ROWS[1], left=123))},
    ),
    "place-warned": (
        "holds/new.html",
        lambda: {"form": PlaceForm(), "bar": bar(*ROWS[1:2])},
    ),
    "board-500": ("holds/board.html", lambda: board(rows=many(500), attention=[])),
    "board-200": ("holds/board.html", lambda: board(rows=many(200), attention=[])),
    "place": ("holds/new.html", lambda: {"form": PlaceForm()}),
    "place-wrong": (
        "holds/new.html",
        lambda: {"form": PlaceForm(WRONG), "problem": None},
    ),
    "place-refused": ("holds/new.html", lambda: {"form": PlaceForm(), "problem": PROBLEM}),
    "hold": ("holds/hold.html", hold),
    "hold-refusable": ("holds/hold.html", lambda: hold(ROWS[1])),
    "hold-colleague": ("holds/hold.html", lambda: hold(ROWS[2])),
    "hold-problem": (
        "holds/hold.html",
        lambda: hold(ROWS[3], problem={**PROBLEM, "others": []}, retake=True),
    ),
    "hold-changing": (
        "holds/hold.html",
        lambda: hold(ROWS[4], change_sentence="Tomás Rey is moving it to Thu 26 Nov 09:00."),
    ),
    "hold-unconfirmed": ("holds/hold.html", lambda: hold(replace(ATTENTION[0], acts=False))),
    "hold-ended": (
        "holds/hold.html",
        lambda: hold(
            replace(ROWS[0], tone="ended", icon="ended", word="released", acts=False),
            ended={"sentence": "You released it at 14:02: client rang off.", "note": "will call"},
        ),
    ),
    "move": ("holds/move.html", lambda: {"from_row": ROWS[0], "form": MoveForm()}),
    "move-to": (
        "holds/move.html",
        lambda: {"from_row": ROWS[0], "form": MoveForm(), "to": TO},
    ),
    "look-up": ("holds/look_up.html", lambda: {"form": UidForm()}),
    "look-up-found": (
        "holds/look_up.html",
        lambda: {"form": UidForm(), "found": ROWS[3], "take_form": TakeForm()},
    ),
    "403": ("403.html", dict),
    "404": ("404.html", dict),
    "audit-log": (
        "audit/log.html",
        lambda: {"form": LogForm(), "page": SimpleNamespace(lines=LOG, older=88)},
    ),
    "audit-empty": (
        "audit/log.html",
        lambda: {"form": LogForm(), "page": SimpleNamespace(lines=[], older=None)},
    ),
    "login": ("accounts/login.html", lambda: {"form": SignInForm(), "user": None}),
    "login-wait": ("accounts/login.html", lambda: {"form": SignInForm(), "user": None, "wait": 30}),
    "no-role": ("accounts/no_role.html", dict),
    "csrf": ("accounts/csrf.html", lambda: {"cause": "token", "page": "/place", "kept": True}),
    "500": ("500.html", dict),
}
