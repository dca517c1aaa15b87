"""Register, audit and pages held against the rows that really stand at cal.com.

Each function gives back what is wrong, one sentence each; nothing wrong is an empty list.
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

from dashboard.sandbox.fixtures import Hold as Row
from tests.holds.journeys import CLIENT, STRANGERS_MINUTES, Verb

OFFICE = ZoneInfo("Europe/Rome")
ENDED = {"released", "refused", "booked", "expired", "gone", "lost", "ran out"}
UNDER_WAY = {"being changed", "being placed"}


def ours(rows: Iterable[Row], begun: datetime) -> list[Row]:
    """Without those that strangers made, who hold for longer than we ever do."""
    long = begun + timedelta(minutes=STRANGERS_MINUTES - 5)
    return sorted((row for row in rows if row.release_at < long), key=lambda row: row.id)


def without_others(rows: Iterable[Row], books: dict[str, Any], hold: int) -> list[Row]:
    """Those that can be this hold's: no other hold has them."""
    others = {h["reservation_uid"] for h in books["holds"] if h["id"] != hold}
    return [row for row in rows if row.uid not in others]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# --- the register ---------------------------------------------------------------------------


def register(books: dict[str, Any], live: Sequence[Row], mine: Sequence[Row]) -> list[str]:
    """What stands at cal.com is in the register, and what the register holds stands there."""
    holds = books["holds"]
    held = {hold["reservation_uid"]: hold for hold in holds if hold["state"] == "held"}
    stray = [
        f"a live row at {row.start} until {row.release_at} that no hold accounts for"
        for row in mine
        if row.uid not in held and not any(_covers(hold, row) for hold in holds)
    ]
    there = [wrong for hold in held.values() for wrong in _is_there(hold, live)]
    return stray + there + _in_whose_hands(books)


def _in_whose_hands(books: dict[str, Any]) -> list[str]:
    """A hold is whose who took it over last, as the audit tells."""
    taken = {
        entry["hold_id"]: entry["actor_id"]
        for entry in books["entries"]
        if (entry["action"], entry["outcome"]) == ("take_over", "ok")
    }
    return [
        f"hold {hold['id']} is {hold['holder_id']}'s, and {taken[hold['id']]} took it over"
        for hold in books["holds"]
        if taken.get(hold["id"], hold["holder_id"]) != hold["holder_id"]
    ]


def _covers(hold: dict[str, Any], row: Row) -> bool:
    """An unconfirmed hold stands for a row of its time, until its latest end."""
    latest = _moment(hold["latest_end"])
    return (
        hold["state"] == "unconfirmed"
        and hold["event_type_id"] == row.event_type_id
        and _moment(hold["slot_start"]) == row.start
        and latest is not None
        and latest >= row.release_at
    )


def _is_there(hold: dict[str, Any], live: Sequence[Row]) -> list[str]:
    told = (hold["event_type_id"], _moment(hold["slot_start"]), _moment(hold["held_until"]))
    row = next((row for row in live if row.uid == hold["reservation_uid"]), None)
    if row is None:
        return [f"hold {hold['id']} is held here and is not at cal.com"]
    there = (row.event_type_id, row.start, row.release_at)
    return [] if told == there else [f"hold {hold['id']} is {told} here and {there} at cal.com"]


def at_rest(books: dict[str, Any]) -> list[str]:
    """Nobody is at work on anything, and nothing is left to finish."""
    return [
        f"hold {hold['id']} ({hold['state']}) has claim {hold['claim_id']}, change {hold['change']}"
        for hold in books["holds"]
        if hold["claim_id"] or hold["change"] or hold["state"] == "placing"
    ]


def still_open(books: dict[str, Any]) -> list[str]:
    """What has not ended."""
    return [
        f"hold {hold['id']} is {hold['state']}"
        for hold in books["holds"]
        if hold["state"] in {"placing", "held", "unconfirmed"}
    ]


# --- the audit ------------------------------------------------------------------------------


def audit(books: dict[str, Any], *, left_open: int = 0) -> list[str]:
    """Each intent has one outcome, and after it at most what came late.

    ``left_open`` looks died before theirs and are findings.
    """
    stories: dict[str, list[dict[str, Any]]] = {}
    for entry in books["entries"]:
        stories.setdefault(entry["action_id"], []).append(entry)
    wrong, unfinished = [], []
    for action_id, story in stories.items():
        kinds = " ".join(entry["kind"] for entry in story)
        if kinds == "intent" and left_open:
            unfinished.append(action_id)
        elif not _is_whole(kinds) or (kinds.endswith("step") and not _came_late(story[-1])):
            wrong.append(f"{story[0]['action']} has the entries {kinds}")
    if len(unfinished) != left_open:
        wrong.append(f"{len(unfinished)} looks without an outcome, not {left_open}")
    missing = set(unfinished) - set(books["findings"])
    return wrong + [f"{action_id} is no finding" for action_id in missing] + secrets(books)


def _is_whole(kinds: str) -> bool:
    return bool(re.fullmatch(r"event|intent( step)* outcome( step)*", kinds))


def _came_late(entry: dict[str, Any]) -> bool:
    return entry["error_code"] == "took_too_long"


def calls_written_down(books: dict[str, Any]) -> Counter[str]:
    """How often each method was written down before its call."""
    return Counter(entry["method"] for entry in books["entries"] if entry["method"])


def secrets(books: dict[str, Any]) -> list[str]:
    """No uid, no key, nothing of the client in any entry."""
    text = json.dumps(books["entries"], ensure_ascii=False)
    hidden = {h["reservation_uid"] for h in books["holds"]} | {*CLIENT.values(), "cal_owner"}
    return [f"the audit tells {secret}" for secret in hidden if secret and secret in text]


def outcomes_since(books: dict[str, Any], entry_id: int) -> list[dict[str, Any]]:
    """All outcomes of actions of people after an entry."""
    return [
        entry
        for entry in books["entries"]
        if entry["outcome"] and entry["actor_id"] and entry["id"] > entry_id
    ]


def honest(
    verb: Verb, outcome: dict[str, Any], before: Sequence[Row], after: Sequence[Row]
) -> list[str]:
    """Whether what the audit calls done, refused or not done is so at cal.com.

    ``before`` and ``after`` are our live rows, as they were and as they are with all calls landed.
    """
    kind, cause = outcome["outcome"], outcome["error_code"]
    was, now = [_place(row) for row in before], [_place(row) for row in after]
    if kind == "unavailable":
        return [] if before == after else [f"not done, says the audit, but {before} -> {after}"]
    if kind == "refused":
        if cause in {"lost", "gone"}:
            return [f"{cause}, says the audit, but cal.com has {now}"] if now else []
        return [] if was == now else [f"refused, says the audit, but {was} -> {now}"]
    if kind == "ok" and not verb.is_a_look:
        return _as_wished(verb, before, after)
    return []


def honest_of_each(
    outcomes: Iterable[dict[str, Any]],
    uids: Mapping[int, str],
    before: Sequence[Row],
    after: Sequence[Row],
) -> list[str]:
    """The same of a verb of several holds; ``uids`` are those of the holds before it."""
    wrong = []
    for outcome in outcomes:
        uid, kind = uids[outcome["hold_id"]], outcome["outcome"]
        was = [_place(row) for row in before if row.uid == uid]
        now = [_place(row) for row in after if row.uid == uid]
        said = f"{outcome['action']} of hold {outcome['hold_id']} {kind}, says the audit"
        gone = outcome["action"] == "release" and kind == "ok"
        if gone and now:
            wrong.append(f"{said}, but cal.com has {now}")
        if not gone and kind != "unknown" and now != was:
            wrong.append(f"{said}, but {was} -> {now}")
    return wrong


def _as_wished(verb: Verb, before: Sequence[Row], after: Sequence[Row]) -> list[str]:
    there = [(row.event_type_id, row.start) for row in after]
    if verb.wish is None:
        return [f"released, says the audit, but cal.com has {there}"] if there else []
    if verb.wish not in there:
        return [f"done, says the audit, but cal.com has {there}, not {verb.wish}"]
    earlier = [row.release_at for row in before]
    until = max(row.release_at for row in after if (row.event_type_id, row.start) == verb.wish)
    return [] if until >= max(earlier, default=until) else [f"shortened to {until}"]


def _place(row: Row) -> tuple[str, int, datetime]:
    return row.uid, row.event_type_id, row.start


# --- the pages ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A hold's page as somebody reads it."""

    word: str
    until: datetime | None
    start: datetime
    text: str

    @classmethod
    def of(cls, html: str) -> Shown:
        plain = " ".join(re.sub(r"<[^>]+>", " ", html).split())
        until = re.search(r'class="runs">.*?<time datetime="([^"]+)"', html, re.S)
        start = re.search(r'class="slot-time" datetime="([^"]+)"', html)
        word = re.search(r'<span class="tag [^"]*">.*?</svg>([^<]+)</span>', html, re.S)
        if start is None or word is None:
            raise ValueError("this is no hold's page")
        return cls(
            word[1].strip(),
            datetime.fromisoformat(until[1]) if until else None,
            datetime.fromisoformat(start[1]),
            plain,
        )


def page(shown: Shown, live: Sequence[Row], mine: Sequence[Row], *, at_rest: bool) -> list[str]:
    """What the page says is so, or it says until when that is not known."""
    if shown.word == "held":
        if any((row.start, row.release_at) == (shown.start, shown.until) for row in live):
            return []
        return [f"the page says held until {shown.until}, cal.com has {live}"]
    if shown.word in ENDED:
        there = [row for row in mine if row.start == shown.start]
        return [f"the page says {shown.word}, cal.com has {there}"] if there else []
    if shown.word == "unconfirmed":
        return _until(shown, r"may be held at cal\.com, until (\S+) \(Europe/Rome\)", mine)
    if shown.word == "being restored":
        if shown.until:
            return [f"the page says being restored, and held until {shown.until}"]
        return _until(shown, r"Unknown until (\S+) \(Europe/Rome\) at the latest", ())
    if shown.word in UNDER_WAY and not at_rest:
        return []
    return [f"the page says {shown.word}"]


def _until(shown: Shown, words: str, mine: Sequence[Row]) -> list[str]:
    said = re.search(words, shown.text)
    if said is None:
        return [f"the page says {shown.word}, but not until when"]
    too_long = [
        row
        for row in mine
        if row.start == shown.start and shown.until is not None and row.release_at > shown.until
    ]
    if shown.until and shown.until.astimezone(OFFICE).strftime("%H:%M:%S") != said[1]:
        return [f"the page says both {said[1]} and {shown.until}"]
    return [f"the page says at the latest {said[1]}, cal.com has {too_long}"] if too_long else []


def words(text: str, live: Sequence[Row], mine: Sequence[Row]) -> list[str]:
    """What a refusal says of the hold is so."""
    ends = {row.release_at.astimezone(OFFICE).strftime("%H:%M:%S") for row in live}
    wrong = []
    for end in re.findall(r"is held until (\S+) \(", text):
        if end not in ends:
            wrong.append(f"the words say held until {end}, cal.com has {sorted(ends)}")
    for sentence in ("No time is held", "Nothing is held for this client any more"):
        if sentence in text and mine:
            wrong.append(f"the words say: {sentence}; cal.com has {mine}")
    return wrong
