"""Compare register, audit and pages with the reservations that the sandbox really has.

Each check returns what is wrong, one sentence each; an empty list means that nothing is.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.sandbox.fixtures import Reservation
from tests.holds.staff_actions import CLIENT, STRANGERS_MINUTES, StaffAction

OFFICE = ZoneInfo("Europe/Rome")
# A time as pages show it; on another day than today with its day.
CLOCK = r"(?:\w+ \d+ \w+ (?:\d{4} )?)?(\d\d:\d\d:\d\d)(?: CES?T)? \(Europe/Rome\)"
ENDED = {"released", "refused", "booked", "expired", "gone", "lost", "ran out"}
# Said of a hold whose latest end is not known before cal.com answers.
NO_ANSWER = re.compile(
    r"(answered no request|given no answer about it)"
    r" since (?:\w+ \d+ \w+ )?\d\d:\d\d:\d\d \(Europe/Rome\)"
)
UNDER_WAY = {"being changed", "being placed"}


def without_strangers(rows: Iterable[Reservation], started: datetime) -> list[Reservation]:
    """Return the rows that Holdfast made: those of strangers are held for longer."""
    long = started + timedelta(minutes=STRANGERS_MINUTES - 5)
    return sorted((row for row in rows if row.release_at < long), key=lambda row: row.id)


def without_other_holds(
    rows: Iterable[Reservation], snapshot: dict[str, Any], hold: int
) -> list[Reservation]:
    """Return the rows that no hold but this one has."""
    others = {h["reservation_uid"] for h in snapshot["holds"] if h["id"] != hold}
    return [row for row in rows if row.uid not in others]


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# --- The register -----------------------------------------------------------------------------


def register(
    snapshot: dict[str, Any], live: Sequence[Reservation], mine: Sequence[Reservation]
) -> list[str]:
    """Check that the register accounts for each row, and has each held hold as cal.com has it."""
    holds = snapshot["holds"]
    held = {hold["reservation_uid"]: hold for hold in holds if hold["state"] == "held"}
    stray = [
        f"no hold accounts for the live row at {row.start} until {row.release_at}"
        for row in mine
        if row.uid not in held and not any(may_be(hold, row) for hold in holds)
    ]
    different = [wrong for hold in held.values() for wrong in difference(hold, live)]
    return stray + different + wrong_holders(snapshot)


def may_be(hold: dict[str, Any], row: Reservation) -> bool:
    """Return whether the row may be that of an unconfirmed hold."""
    latest = moment(hold["latest_end"])
    return (
        hold["state"] == "unconfirmed"
        and hold["event_type_id"] == row.event_type_id
        and moment(hold["slot_start"]) == row.start
        and (latest is None or latest >= row.release_at)
    )


def difference(hold: dict[str, Any], live: Sequence[Reservation]) -> list[str]:
    here = (hold["event_type_id"], moment(hold["slot_start"]), moment(hold["held_until"]))
    row = next((row for row in live if row.uid == hold["reservation_uid"]), None)
    if row is None:
        return [f"hold {hold['id']} is held here and is not at cal.com"]
    there = (row.event_type_id, row.start, row.release_at)
    return [] if here == there else [f"hold {hold['id']} is {here} here and {there} at cal.com"]


def wrong_holders(snapshot: dict[str, Any]) -> list[str]:
    """Check that a hold belongs to the last person who took it over, by the audit."""
    taken = {
        entry["hold_id"]: entry["actor_id"]
        for entry in snapshot["entries"]
        if (entry["action"], entry["outcome"]) == ("take_over", "ok")
    }
    return [
        f"hold {hold['id']} is {hold['holder_id']}'s, and {taken[hold['id']]} took it over"
        for hold in snapshot["holds"]
        if taken.get(hold["id"], hold["holder_id"]) != hold["holder_id"]
    ]


def settled(snapshot: dict[str, Any]) -> list[str]:
    """Check that no claim is left and no change is open."""
    return [
        f"hold {hold['id']} ({hold['state']}) has claim {hold['claim_id']}, change {hold['change']}"
        for hold in snapshot["holds"]
        if hold["claim_id"] or hold["change"] or hold["state"] == "placing"
    ]


def all_ended(snapshot: dict[str, Any]) -> list[str]:
    return [
        f"hold {hold['id']} is {hold['state']}"
        for hold in snapshot["holds"]
        if hold["state"] in {"placing", "held", "unconfirmed"}
    ]


# --- The audit --------------------------------------------------------------------------------


def audit(snapshot: dict[str, Any]) -> list[str]:
    """Check that each intent has one outcome, and after it at most a late step."""
    actions: dict[str, list[dict[str, Any]]] = {}
    for entry in snapshot["entries"]:
        actions.setdefault(entry["action_id"], []).append(entry)
    wrong = []
    for entries in actions.values():
        kinds = " ".join(entry["kind"] for entry in entries)
        is_whole = re.fullmatch(r"event|intent( step)* outcome( step)*", kinds)
        came_late = entries[-1]["error_code"] == "took_too_long"
        if not is_whole or (kinds.endswith("step") and not came_late):
            wrong.append(f"{entries[0]['action']} has the entries {kinds}")
    return wrong + secrets(snapshot)


def calls_in_audit(snapshot: dict[str, Any]) -> Counter[str]:
    """Count the calls that were written down before they were sent, by method."""
    return Counter(entry["method"] for entry in snapshot["entries"] if entry["method"])


def secrets(snapshot: dict[str, Any]) -> list[str]:
    """Check that no entry has a uid, the key or data of the client."""
    text = json.dumps(snapshot["entries"], ensure_ascii=False)
    uids = {hold["reservation_uid"] for hold in snapshot["holds"]}
    hidden = uids | {*CLIENT.values(), "cal_owner"}
    return [f"the audit tells {secret}" for secret in hidden if secret and secret in text]


def outcomes_after(snapshot: dict[str, Any], entry_id: int) -> list[dict[str, Any]]:
    """Return the outcomes of actions of people after an entry."""
    return [
        entry
        for entry in snapshot["entries"]
        if entry["outcome"] and entry["actor_id"] and entry["id"] > entry_id
    ]


def outcome_is_true(
    action: StaffAction,
    outcome: dict[str, Any],
    before: Sequence[Reservation],
    after: Sequence[Reservation],
) -> list[str]:
    """Check that cal.com has done what the audit calls done, and nothing else.

    ``before`` and ``after`` are the live rows of Holdfast, with all calls landed.
    """
    kind, cause = outcome["outcome"], outcome["error_code"]
    was, now = [place_of(row) for row in before], [place_of(row) for row in after]
    if kind == "unavailable":
        return [] if before == after else [f"the audit says not done, but {before} -> {after}"]
    if kind == "refused":
        if cause in {"lost", "booked", "gone"}:
            return [f"the audit says {cause}, but cal.com has {now}"] if now else []
        return [] if was == now else [f"the audit says refused, but {was} -> {now}"]
    if kind == "ok" and not action.reads_only:
        return result_is_there(action, before, after)
    return []


def outcomes_are_true(
    outcomes: Iterable[dict[str, Any]],
    uids: Mapping[int, str],
    before: Sequence[Reservation],
    after: Sequence[Reservation],
) -> list[str]:
    """Check each outcome of an action on several holds; ``uids`` are theirs before it."""
    wrong = []
    for outcome in outcomes:
        uid, kind = uids[outcome["hold_id"]], outcome["outcome"]
        was = [place_of(row) for row in before if row.uid == uid]
        now = [place_of(row) for row in after if row.uid == uid]
        said = f"the audit says {outcome['action']} of hold {outcome['hold_id']} {kind}"
        released = outcome["action"] == "release" and kind == "ok"
        if released and now:
            wrong.append(f"{said}, but cal.com has {now}")
        if not released and kind != "unknown" and now != was:
            wrong.append(f"{said}, but {was} -> {now}")
    return wrong


def result_is_there(
    action: StaffAction, before: Sequence[Reservation], after: Sequence[Reservation]
) -> list[str]:
    there = [(row.event_type_id, row.start) for row in after]
    if action.holds is None:
        return [f"the audit says released, but cal.com has {there}"] if there else []
    if action.holds not in there:
        return [f"the audit says done, but cal.com has {there}, not {action.holds}"]
    earlier = [row.release_at for row in before]
    until = max(row.release_at for row in after if (row.event_type_id, row.start) == action.holds)
    return [] if until >= max(earlier, default=until) else [f"shortened to {until}"]


def place_of(row: Reservation) -> tuple[str, int, datetime]:
    return row.uid, row.event_type_id, row.start


# --- The pages --------------------------------------------------------------------------------


@dataclass(frozen=True)
class HoldPage:
    """The page of a hold as a person reads it. ``state`` is the word beside the icon."""

    state: str
    until: datetime | None
    start: datetime
    text: str

    @classmethod
    def parse(cls, html: str) -> HoldPage:
        """Read the page. Raises ValueError for any other page."""
        text = " ".join(re.sub(r"<[^>]+>", " ", html).split())
        until = re.search(r'class="runs">.*?<time[^>]* datetime="([^"]+)"', html, re.S)
        start = re.search(r'<time class="slot-time" datetime="([^"]+)"', html)
        state = re.search(r'<span class="tag [^"]*">.*?</svg>([^<]+)</span>', html, re.S)
        if start is None or state is None:
            raise ValueError("this is not the page of a hold")
        return cls(
            state[1].strip(),
            datetime.fromisoformat(until[1]) if until else None,
            datetime.fromisoformat(start[1]),
            text,
        )


def page(
    hold: HoldPage, live: Sequence[Reservation], mine: Sequence[Reservation], *, is_idle: bool
) -> list[str]:
    """Check that the page is true, or says until when that is not known.

    ``is_idle``: no process is at work on the hold.
    """
    if hold.state == "held":
        ends = {(row.start, row.release_at.replace(microsecond=0)) for row in live}
        if (hold.start, hold.until) in ends:  # pages show whole seconds
            return []
        return [f"the page says held until {hold.until}, cal.com has {live}"]
    if hold.state in ENDED:
        there = [row for row in mine if row.start == hold.start]
        return [f"the page says {hold.state}, cal.com has {there}"] if there else []
    if hold.state == "unconfirmed":
        return latest_end(hold, r"may be held at cal\.com, until " + CLOCK, mine)
    if hold.state == "being restored":
        if hold.until:
            return [f"the page says being restored, and held until {hold.until}"]
        return latest_end(hold, r"expects to know by " + CLOCK, ())
    if hold.state in UNDER_WAY and not is_idle:
        return []
    return [f"the page says {hold.state}"]


def latest_end(hold: HoldPage, sentence: str, mine: Sequence[Reservation]) -> list[str]:
    if hold.until is None and NO_ANSWER.search(hold.text):
        return []
    said = re.search(sentence, hold.text)
    if said is None:
        return [f"the page says {hold.state}, but not until when"]
    if hold.until is None:
        return []
    if hold.until.astimezone(OFFICE).strftime("%H:%M:%S") != said[1]:
        return [f"the page says both {said[1]} and {hold.until}"]
    longer = [row for row in mine if row.start == hold.start and row.release_at > hold.until]
    return [f"the page says {said[1]} at the latest, cal.com has {longer}"] if longer else []


def message(text: str, live: Sequence[Reservation], mine: Sequence[Reservation]) -> list[str]:
    """Check what a refusal says of the hold."""
    ends = {row.release_at.astimezone(OFFICE).strftime("%H:%M:%S") for row in live}
    wrong = [
        f"the message says held until {end}, cal.com has {sorted(ends)}"
        for end in re.findall("is held until " + CLOCK, text)
        if end not in ends
    ]
    for sentence in ("No time was held", "This hold keeps no time any more"):
        if sentence in text and mine:
            wrong.append(f"the message says: {sentence}; cal.com has {mine}")
    return wrong
