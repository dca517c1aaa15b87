"""The quick hash of a row is that of the documented form, or none at all."""

import json
import random
import string
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from dashboard.audit import chain, trail, triggers
from dashboard.audit.chain_verification import COLUMNS, linked_after
from dashboard.audit.models import AuditEntry
from dashboard.audit.stored_rows import JSON_COLUMNS
from tests.audit.attacks import NOON
from tests.audit.tampering import run, verified

TEXTS = ("", "a", 'quote " and \\', "é ß 中 😀", "\x7f", "\t\u2028", "1e5", "</script>", "{}")
NUMBERS = (0, -1, 212, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, 0.1, -0.0, 1e-7, 1e22, 5e-324)
ACTION = uuid.UUID(int=5)


def some_json(rng: random.Random, depth: int = 3) -> Any:
    """Return any JSON, with odd texts and numbers."""
    kind = rng.randrange(8 if depth else 5)
    if kind < 2:
        return rng.choice(TEXTS) + "".join(rng.choices(string.printable, k=rng.randrange(4)))
    if kind < 4:
        return rng.choice(NUMBERS)
    if kind < 5:
        return rng.choice((None, True, False))
    size = rng.randrange(4)
    if kind < 6:
        return [some_json(rng, depth - 1) for _ in range(size)]
    return {some_text(rng): some_json(rng, depth - 1) for _ in range(size)}


def some_text(rng: random.Random) -> str:
    return rng.choice(TEXTS) + rng.choice(string.ascii_letters)


def row_of(columns: dict[str, Any]) -> list[Any]:
    """Return a row as a driver returns it, with JSON as text."""
    empty = dict.fromkeys(COLUMNS, "") | {"asked": "{}", "before": "{}", "after": "{}"}
    row = empty | {"at": NOON, "action_id": ACTION} | columns
    if isinstance(row["at"], datetime):
        row["at"] = str(row["at"].replace(tzinfo=None))
    return [row[name] for name in COLUMNS]


def documented(columns: dict[str, Any]) -> str:
    parsed = {
        name: json.loads(value) if name in JSON_COLUMNS else value
        for name, value in ({"at": NOON, "action_id": ACTION} | columns).items()
    }
    return chain.sha256(chain.canonical(parsed))


def test_quick_hash_equals_the_documented_one_or_leaves_it_to_that():
    rng = random.Random(4711)
    pairs = []
    for _ in range(3000):
        columns = {
            "message": some_text(rng),
            "status": rng.choice([None, 0, 200]),
            "asked": json.dumps(some_json(rng), ensure_ascii=rng.random() < 0.5),
            "after": json.dumps({some_text(rng): rng.choice((1, "x", None))}),
        }
        row = row_of(columns)
        pairs.append((chain.quick_hash(COLUMNS, row), documented(columns)))
        assert chain.documented_hash(COLUMNS, row) == documented(columns)
    others = [quick for quick, slow in pairs if quick != slow]
    assert len(others) < 1000
    assert not set(others) & {slow for _quick, slow in pairs}


CHANGED = [
    ("asked", '{"a":1}', '{"a":1.0}'),
    ("asked", '{"a":1}', '{"a":"1"}'),
    ("asked", '{"a":1}', '{"a":true}'),
    ("asked", '{"a":18446744073709551616}', '{"a":18446744073709551617}'),
    ("asked", '{"a":1.8446744073709552e+19}', '{"a":18446744073709551616}'),
    ("asked", '{"a":1e22}', '{"a":10000000000000000000000}'),
    ("asked", '{"a":"\\u00e9"}', '{"a":"e\\u0301"}'),
    ("asked", '{"a":{}}', '{"a":null}'),
    ("asked", '{"a":1}', '{"a":1,"a":2}'),
    ("asked", '{"a":1}', "not json"),
    ("asked", "{}", "[]"),
    ("asked", "{}", b"{}"),
    ("asked", '{"a":1}', b'{"a":1}'),
    ("asked", '{"a":1}', '{"a":2,"a":1}'),
    ("asked", '{"a":"\\""}', '{"a":1,"a":"\\u0022"}'),
    ("asked", '{"a":"\\"\\""}', '{"a":1,"a":"\\u0022\\u0022"}'),
    ("at", NOON, str(NOON)),
    ("asked", '{"a":[{"b":1}]}', '{"a":[{"b" :2,"b":1}]}'),
    ("message", "", "{}"),
    ("message", "1", 1),
    ("status", 200, "200"),
    ("status", 0, None),
    ("at", NOON, NOON + timedelta(microseconds=1)),
    ("at", NOON, "2026-11-24 12:01"),
    ("at", NOON, "yesterday"),
    ("at", NOON, 1),
    ("action_id", ACTION, uuid.UUID(int=6)),
    ("action_id", ACTION, "x"),
]


@pytest.mark.parametrize("reason", ["", "é"])
@pytest.mark.parametrize("hash_of", [chain.quick_hash, chain.documented_hash])
def test_what_was_changed_never_has_the_former_hash(hash_of, reason):
    same = {"reason": reason}
    for name, former, later in CHANGED:
        was, is_now = same | {name: former}, same | {name: later}
        assert hash_of(COLUMNS, row_of(is_now)) != documented(was), (name, later)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-01-02 03:04:05", "2026-01-02T03:04:05.000000Z"),
        ("2026-01-02 03:04:05.000060", "2026-01-02T03:04:05.000060Z"),
        ("2026-01-02 03:04:05.00006", "2026-01-02T03:04:05.000060Z"),  # of PostgreSQL
    ],
)
def test_a_moment_is_read_in_the_forms_of_the_databases(text, same):
    assert chain.moment(text) == same


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05",
        "2026-01-02~03:04:05.000060",
        "2026-01-02 03:04:05.000000",
        "2026-01-02 03:04:05+00:00",
        "2026-W01-5 03:04:05",
        "2026-01-02 03:04+01",
        "infinity",
        "",
        b"2026-01-02 03:04:05",
    ],
)
def test_a_moment_in_another_form_is_refused(text):
    with pytest.raises(ValueError, match=r"space|form"):
        chain.moment(text)


@pytest.mark.slow
@pytest.mark.usefixtures("own_as_default")
def test_stored_rows_hash_quickly_on_both_databases():
    odd = {"asked": {"é": [1, {"b": None}], "a": "x"}, "after": {"state": "held"}}
    for actor_name in ("ada", "Zoë"):
        AuditEntry.objects.create(
            at=NOON, kind="event", action="denied", actor_name=actor_name, status=0, **odd
        )
    rows = linked_after(0)
    assert len(rows) == 5
    assert [chain.quick_hash(COLUMNS, row) for row in rows] == [row[-2] for row in rows]


@pytest.mark.django_db
@pytest.mark.usefixtures("immediate_links")
def test_entry_with_fractions_is_intact_and_tampering_with_them_is_found():
    trail.event(action=trail.Action.DENIED, by=None, now=NOON, asked={"share": 1e-7, "n": 0.5})
    assert verified(connection).fault is None
    changed = AuditEntry.objects.get().pk
    run(connection, [f'UPDATE {triggers.TABLE} SET asked = \'{{"share": 1e-8, "n": 0.5}}\''])
    fault = verified(connection).fault
    assert (fault.kind, fault.entry_id) == ("changed", changed)
