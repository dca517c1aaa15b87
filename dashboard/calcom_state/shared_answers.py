"""Lists of cal.com that all people and processes share: event types, calendars and free times.

A row in the database has each question with its last answer. The first request to set ``asked_at``
asks cal.com, and the others read its answer, so that each question causes at most one call in
``fresh_for``. Rows are of one address and key of cal.com. Lists only inform; cal.com's POST
decides.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import DatabaseError, transaction

from dashboard.calcom import Answer, CalcomError, Cause, Listed, Refused
from dashboard.calcom.endpoints import Call
from dashboard.calcom_state import calcom_client, rate_and_clock
from dashboard.calcom_state.models import StoredAnswer

T = TypeVar("T")
E = TypeVar("E")
log = logging.getLogger(__name__)

FAILURE_KEPT = timedelta(seconds=10)  # also the time that a call under way may take
# Failures that do not burden cal.com, and that pass soon or an operator is about to mend.
BRIEF_FAILURES = {Cause.NOT_SENT, Cause.KEY_REJECTED, Cause.WRONG_ROUTE, Cause.RATE_LIMITED}
BRIEF = timedelta(seconds=5)
DELETE_AFTER = timedelta(days=7)
# Reasons not to ask, beside the causes of calls.
NO_ROOM = "no_room"
UNDER_WAY = "under_way"  # another call, or none was begun as others took too long
# Wait for another request's call, and look for its answer so often, in seconds.
PATIENCE, PAUSE = 2.5, 0.05
# One in so many calls of the rate allowance is reserved for holding, extending, moving, releasing.
RESERVED_PART = 3
TOGETHER = 8  # calls at a time


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """A call that only reads: ``to_json`` makes what is stored of its value."""

    name: str  # of its row, at most 60 characters
    call: Call[Any]
    to_json: Callable[[Any], Any]
    from_json: Callable[[Any], T]
    fresh_for: timedelta
    kept_for: timedelta = timedelta(hours=1)  # to be used while there is no newer answer


@dataclass(frozen=True, slots=True)
class LastAnswer(Generic[T]):
    """The last answer, None without any in ``kept_for``.

    ``as_of`` is its time on this server's clock. ``cause`` says why it is not fresh: a Cause,
    NO_ROOM or UNDER_WAY; empty if it is. ``again_at`` is when to ask again.
    """

    value: T | None
    as_of: datetime | None
    cause: str
    again_at: datetime

    @property
    def listed(self: LastAnswer[Listed[E]]) -> Listed[E]:
        """Return the list of an answer that is one; empty without an answer."""
        return self.value or Listed(())


def answer(question: Question[T], *, now: datetime) -> LastAnswer[T]:
    """Return the answer to one question, from cal.com where the stored one is not fresh."""
    return answers([question], now=now, reserved_part=None)[0]


def answers(
    questions: Sequence[Question[T]], *, now: datetime, reserved_part: int | None = RESERVED_PART
) -> list[LastAnswer[T]]:
    """Return the answers to several questions, after asking cal.com in parallel."""
    rows = rows_of({question.name for question in questions}, now)
    stale = {each.name: each for each in questions if not is_fresh(rows[each.name], each, now)}
    not_asked = refresh(rows, [*stale.values()], reserved_part, now=now) if stale else {}
    give_up = time.monotonic() + PATIENCE
    return [
        not_asked.get(each.name) or last_answer(awaited(rows[each.name], give_up), each, now)
        for each in questions
    ]


def refresh(
    rows: dict[str, StoredAnswer],
    stale: Sequence[Question[T]],
    reserved_part: int | None,
    *,
    now: datetime,
) -> dict[str, LastAnswer[T]]:
    """Ask cal.com what is not fresh; return the last answers to what could not be asked.

    Leaves a part of the rate allowance for holds. Where the rest is not enough for all, those that
    were asked for longest ago come first.
    """
    by_age = sorted(stale, key=lambda each: rows[each.name].asked_at)
    upstream = rate_and_clock.load()
    reserved = (upstream.rate_limit or 0) // reserved_part if reserved_part else 0
    room = upstream.room(now)
    most = len(by_age) if room is None else max(0, room - reserved)
    asked = first_to_ask(by_age[:most], rows, now)
    answered = ask_together([*{each.call: each for each in asked}.values()])
    for _question, found in answered:
        if found is not None:
            rate_and_clock.learn(upstream, found)
            upstream.reads += (found.exchange,)
    by_call = {question.call: found for question, found in answered}
    for question in asked:  # single event types of one person share their list
        set_answer(rows[question.name], question, by_call[question.call])
    if asked:
        # In one commit, and not at all in a database that takes no writes.
        with suppress(DatabaseError), transaction.atomic(savepoint=False):
            store([rows[each.name] for each in asked], now)
            StoredAnswer.objects.filter(asked_at__lt=now - DELETE_AFTER).delete()
            rate_and_clock.save(upstream)
    again_at = now + timedelta(seconds=upstream.seconds_to_wait(reserved + 1, now) or 1)
    cause = NO_ROOM if upstream.room(now) else Cause.RATE_LIMITED
    return {
        each.name: replace(last_answer(rows[each.name], each, now), cause=cause, again_at=again_at)
        for each in by_age[most:]
    }


def stored(questions: Sequence[Question[T]], *, now: datetime) -> list[LastAnswer[T]]:
    """Return the answers to several questions as they are stored, without a call."""
    rows = stored_rows({question.name for question in questions})
    return [
        last_answer(rows.get(each.name) or new_row(each.name, now), each, now) for each in questions
    ]


# --- Rows -------------------------------------------------------------------------------------


def rows_of(names: Collection[str], now: datetime) -> dict[str, StoredAnswer]:
    """Return the row of each question by its name, after adding those that are missing.

    All requests add them in the same order, so that no two wait for each other. A database that
    takes no writes stores nothing, but can be read.
    """
    rows = stored_rows(names)
    if missing := sorted(set(names) - rows.keys()):
        added = {name: new_row(name, now) for name in missing}
        try:
            # Another request may have been first.
            StoredAnswer.objects.bulk_create(added.values(), ignore_conflicts=True)
        except DatabaseError:
            return added | rows
        rows |= stored_rows(missing)
    return rows


def stored_rows(names: Collection[str]) -> dict[str, StoredAnswer]:
    rows = StoredAnswer.objects.filter(source=calcom_client.source_digest(), name__in=names)
    return {row.name: row for row in rows}


def new_row(name: str, now: datetime) -> StoredAnswer:
    """Return the row of a question that was never asked, unsaved."""
    long_ago = now - timedelta(days=1)
    return StoredAnswer(source=calcom_client.source_digest(), name=name, asked_at=long_ago)


def last_answer(row: StoredAnswer, question: Question[T], now: datetime) -> LastAnswer[T]:
    is_recent = row.answered_at is not None and abs(now - row.answered_at) < question.kept_for
    value = value_of(row, question) if is_recent else None
    return LastAnswer(
        value=value,
        as_of=row.answered_at if value is not None else None,
        cause=row.cause or (UNDER_WAY if row.is_under_way or value is None else ""),
        again_at=row.asked_at + asked_again_after(row, question),
    )


def value_of(row: StoredAnswer, question: Question[T]) -> T | None:
    """Return the value of a row; None without one, or where another release wrote it."""
    if row.parsed is None and row.value is not None:
        with suppress(KeyError, TypeError, ValueError):
            row.parsed = question.from_json(row.value)
    parsed: T | None = row.parsed
    return parsed


def is_fresh(row: StoredAnswer, question: Question[T], now: datetime) -> bool:
    """Return whether cal.com need not be asked yet, also after the local clock was set."""
    is_awaited = row.is_under_way or bool(row.cause)
    is_kept = abs(now - row.asked_at) < asked_again_after(row, question)
    return is_kept and (is_awaited or value_of(row, question) is not None)


def asked_again_after(row: StoredAnswer, question: Question[T]) -> timedelta:
    if row.cause in BRIEF_FAILURES or row.cause == UNDER_WAY:
        return BRIEF
    return FAILURE_KEPT if row.cause or row.is_under_way else question.fresh_for


# --- Asking cal.com ---------------------------------------------------------------------------


def first_to_ask(
    questions: Sequence[Question[T]], rows: dict[str, StoredAnswer], now: datetime
) -> Sequence[Question[T]]:
    """Return the questions that this request asks; reread the rows of the others.

    Where a row was deleted for its age meanwhile, or the database takes no writes, this request
    asks too, and its answer is not stored.
    """
    by_time: dict[datetime, list[int]] = {}
    for question in questions:
        row = rows[question.name]
        by_time.setdefault(row.asked_at, []).append(row.pk)
    with suppress(DatabaseError):
        claimed = 0
        for asked_at, ids in by_time.items():  # few: hundreds of commits would take seconds
            unclaimed = StoredAnswer.objects.filter(pk__in=ids, asked_at=asked_at)
            claimed += unclaimed.update(asked_at=now, is_under_way=True, cause="")
        if claimed < len(questions):
            found = stored_rows([each.name for each in questions])
            of_others = {name: row for name, row in found.items() if row.asked_at != now}
            rows.update(of_others)
            questions = [each for each in questions if each.name not in of_others]
    for question in questions:
        row = rows[question.name]
        row.asked_at, row.is_under_way, row.cause = now, True, ""
    return questions


def awaited(row: StoredAnswer, give_up: float) -> StoredAnswer:
    """Return the row once a call under way has ended, or as it is at ``give_up``."""
    while row.is_under_way and time.monotonic() < give_up:
        time.sleep(PAUSE)
        row = StoredAnswer.objects.filter(pk=row.pk).first() or row
    return row


def ask_together(
    questions: Sequence[Question[T]],
) -> list[tuple[Question[T], Answer[Any] | CalcomError | None]]:
    """Return each with cal.com's answer, or the error; several are asked at once.

    In the order of arrival: the last answer tells best what is left of the allowance. None stands
    for one that was not asked, because the others took too long or cal.com hangs.
    """
    stop_at = time.monotonic() + calcom_client.PAGE_SECONDS

    def ask_one(question: Question[T]) -> tuple[Question[T], Answer[Any] | CalcomError | None]:
        if time.monotonic() > stop_at or rate_and_clock.hangs():
            return question, None
        found = calcom_client.client().answer_to(question.call)
        if isinstance(found, CalcomError):
            log.warning("cal.com gave no usable answer on %s: %s", question.name, found)
        return question, found

    if len(questions) < 2:
        return [ask_one(question) for question in questions]
    never = datetime.max.replace(tzinfo=UTC)
    with ThreadPoolExecutor(max_workers=TOGETHER) as pool:
        found = pool.map(ask_one, questions)
        return sorted(found, key=lambda pair: pair[1].exchange.received_at if pair[1] else never)


def set_answer(
    row: StoredAnswer, question: Question[T], found: Answer[Any] | CalcomError | None
) -> None:
    """Set cal.com's answer, or why there is none. A refusal drops the last answer."""
    row.is_under_way = False
    if isinstance(found, Answer):
        row.value, row.parsed = question.to_json(found.value), None
        row.answered_at = row.asked_at  # a slow answer may be as old as its question
    else:
        row.cause = str(found.cause if found else UNDER_WAY)
        if isinstance(found, Refused):
            row.value = row.parsed = None


def store(rows: Sequence[StoredAnswer], now: datetime) -> None:
    """Store what was answered, unless another request has asked since."""
    own = StoredAnswer.objects.filter(asked_at=now)
    failed: dict[tuple[str, bool], list[int]] = {}
    for row in rows:
        if row.cause:
            failed.setdefault((row.cause, row.value is None), []).append(row.pk)
        else:
            values = {"answered_at": row.answered_at, "value": row.value}
            own.filter(pk=row.pk).update(is_under_way=False, **values)
    for (cause, is_empty), ids in failed.items():
        values = {"value": None} if is_empty else {}
        own.filter(pk__in=ids).update(is_under_way=False, cause=cause, **values)
