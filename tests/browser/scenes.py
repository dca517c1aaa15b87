"""Every page in every state, with made-up data: what the preview shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from tests.browser.made_up import (
    ATTENTION,
    LOG,
    PROBLEM,
    ROWS,
    STORY,
    ZONE,
    ExtendForm,
    LogForm,
    MoveForm,
    PlaceForm,
    ReleaseForm,
    Row,
    SignInForm,
    TakeForm,
    UidForm,
)


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
    said = [("released", "Client hung up"), ("expired", ""), ("lost", "taken by someone else")]
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
        lambda: {**board(rows=ROWS, attention=[]), "bar": bar(replace(ROWS[1], left=128))},
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
            ended={"sentence": "You released it at 14:02: client hung up.", "note": "will call"},
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
