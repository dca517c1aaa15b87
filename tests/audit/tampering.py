"""Changes that a database administrator can make with the triggers off, and their faults."""

from django.db.backends.base.base import BaseDatabaseWrapper

from dashboard.audit import chain, chain_verification
from dashboard.audit.models import AuditEntry
from dashboard.audit.triggers import LINKS, TABLE
from tests.audit.attacks import ALL_BUT_ID
from tests.audit.databases import as_default
from tests.audit.reset import without_triggers

SWAP = ", ".join(
    f"{name} = (SELECT other.{name} FROM {TABLE} other WHERE other.id = 5 - {TABLE}.id)"
    for name in ("request_id", "content_hash")
)
# Statements, and the kind of fault with its entry. The log has entries 1 to 5.
TAMPERED: dict[str, tuple[list[str], tuple[str, int | None]]] = {
    "edit": ([f"UPDATE {TABLE} SET actor_name = 'forged' WHERE id = 3"], ("changed", 3)),
    "edit with a new content hash": (
        [f"UPDATE {TABLE} SET reason = 'x', content_hash = '{'0' * 64}' WHERE id = 3"],
        ("changed", 3),
    ),
    "edit of the content hash": (
        [f"UPDATE {TABLE} SET content_hash = '{'0' * 64}' WHERE id = 3"],
        ("changed", 3),
    ),
    "delete": ([f"DELETE FROM {TABLE} WHERE id = 3"], ("removed", 3)),
    "delete with its link": (
        [f"DELETE FROM {TABLE} WHERE id = 3", f"DELETE FROM {LINKS} WHERE entry_id = 3"],
        ("removed", 4),
    ),
    "insert": (
        [f"INSERT INTO {TABLE} (id, {ALL_BUT_ID}) SELECT 99, {ALL_BUT_ID} FROM {TABLE} WHERE id=2"],
        ("inserted", 99),
    ),
    "insert as entry 0": (
        [f"INSERT INTO {TABLE} (id, {ALL_BUT_ID}) SELECT 0, {ALL_BUT_ID} FROM {TABLE} WHERE id=2"],
        ("inserted", 0),
    ),
    "insert with a link before the first": (
        [
            f"INSERT INTO {TABLE} (id, {ALL_BUT_ID})"
            f" SELECT 99, {ALL_BUT_ID} FROM {TABLE} WHERE id=2",
            f"INSERT INTO {LINKS} (position, entry_id, content_hash, hash)"
            f" SELECT 0, 99, content_hash, hash FROM {LINKS} WHERE entry_id = 2",
        ],
        ("inserted", 99),
    ),
    "swap": ([f"UPDATE {TABLE} SET {SWAP} WHERE id IN (2, 3)"], ("changed", 2)),
    "swap of the links": (
        [
            f"UPDATE {LINKS} SET entry_id = -entry_id WHERE entry_id IN (2, 3)",
            f"UPDATE {LINKS} SET entry_id = 5 + entry_id WHERE entry_id IN (-2, -3)",
        ],
        ("broken", 3),
    ),
    "edit of a link": (
        [f"UPDATE {LINKS} SET hash = '{'0' * 64}' WHERE entry_id = 4"],
        ("broken", 4),
    ),
    "clock": (
        [f"UPDATE {TABLE} SET at = '2020-01-01 00:00:00' WHERE id = 3"],
        ("changed", 3),
    ),
    "moved to another action": (
        [
            f"UPDATE {TABLE} SET action_id = (SELECT o.action_id FROM {TABLE} o WHERE o.id = 2)"
            " WHERE id = 3"
        ],
        ("changed", 3),
    ),
    "of another person": ([f"UPDATE {TABLE} SET actor_name = 'x' WHERE id = 2"], ("changed", 2)),
    "other values in JSON": (
        [f"""UPDATE {TABLE} SET asked = '{{"a": 1}}' WHERE id = 3"""],
        ("changed", 3),
    ),
    "edit of entry and link": (
        [
            f"UPDATE {TABLE} SET actor_name = 'forged' WHERE id = 3",
            f"UPDATE {LINKS} SET content_hash = '{'0' * 64}' WHERE entry_id = 3",
        ],
        ("broken", 3),
    ),
    "delete of all": ([f"DELETE FROM {TABLE}"], ("removed", 1)),
    "delete of the last": ([f"DELETE FROM {TABLE} WHERE id = 5"], ("removed", 5)),
    "delete of the chain": ([f"DELETE FROM {LINKS}"], ("inserted", 1)),
}
# SQLite stores any text in any column.
TAMPERED_IN_SQLITE: dict[str, tuple[list[str], tuple[str, int | None]]] = {
    name: ([f"UPDATE {TABLE} SET {change} WHERE id = 3"], ("changed", 3))
    for name, change in {
        "no moment": "at = 'soon'",
        "no such day": "at = '2026-02-30 12:00:00'",
        "no number of an action": "action_id = 'x'",
        "bytes for text": "actor_name = x'ff00'",
        "text for a number": "status = 'x'",
        "no JSON": "asked = '{'",
        "action's id in capitals": "action_id = upper(action_id)",
        "action's id with dashes": "action_id = '00000000-0000-0000-0000-000000000005'",
        "moment as bytes": "at = CAST(at AS BLOB)",
        "moment with another separator": "at = replace(at, ' ', '~')",
        "moment with a zone": "at = at || '+00:00'",
        "moment with more zeros": "at = at || '.000000'",
        "moment with few zeros": "at = at || '.0'",
        "JSON as bytes": "asked = CAST(asked AS BLOB)",
        "same key twice": """asked = '{"a": 2, "a": 1}'""",
        "moment that cannot be decoded": "at = CAST(x'ff' AS TEXT)",
        "name that cannot be decoded": "actor_name = CAST(x'ff' AS TEXT)",
        "JSON that cannot be decoded": "asked = CAST(x'22ff22' AS TEXT)",
        "JSON without an end": "asked = replace(hex(zeroblob(90000)), '0', '[')",
    }.items()
} | {
    "link that cannot be decoded": (
        [f"UPDATE {LINKS} SET hash = CAST(x'ff' AS TEXT) WHERE entry_id = 3"],
        ("broken", 3),
    ),
    "last link at no number": (
        [
            f"UPDATE {LINKS} SET position = 'x' WHERE entry_id = 5",
            f"UPDATE {TABLE} SET actor_name = 'forged' WHERE id = 5",
        ],
        ("inserted", 5),
    ),
}
TAMPERED_IN_POSTGRESQL: dict[str, tuple[list[str], tuple[str, int | None]]] = {
    at: ([f"UPDATE {TABLE} SET at = '{at}' WHERE id = 3"], ("changed", 3))
    for at in ("infinity", "-infinity", "0044-03-15 12:00:00+00 BC", "12026-01-01 00:00:00+00")
}
# These leave a chain that is right in itself.
ONLY_BY_CHECKPOINT = {
    "truncated tail": [
        f"DELETE FROM {TABLE} WHERE id > 3",
        f"DELETE FROM {LINKS} WHERE entry_id > 3",
    ],
    "old copy that was used on": [
        f"DELETE FROM {TABLE} WHERE id > 3",
        f"DELETE FROM {LINKS} WHERE entry_id > 3",
    ],
    "edit, and the chain computed anew": [
        f"UPDATE {TABLE} SET actor_name = 'forged' WHERE id = 3",
    ],
}


def run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with without_triggers(connection), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        connection.check_constraints()  # PostgreSQL alters no table with pending triggers


def compute_anew(connection: BaseDatabaseWrapper) -> None:
    """Replace the chain by one that fits the entries as they are now."""
    entries = AuditEntry.objects.using(connection.alias).order_by("id")
    previous = chain.FIRST
    with without_triggers(connection), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {LINKS}")
        for position, entry in enumerate(entries, start=1):
            content = chain.content_hash(entry)
            previous = chain.link_hash(previous, position, entry.pk, content)
            cursor.execute(
                f"UPDATE {TABLE} SET content_hash = %s WHERE id = %s", [content, entry.pk]
            )
            cursor.execute(
                f"INSERT INTO {LINKS} (position, entry_id, content_hash, hash)"
                " VALUES (%s, %s, %s, %s)",
                [position, entry.pk, content, previous],
            )


def verified(connection: BaseDatabaseWrapper) -> chain_verification.Verification:
    with as_default(connection):
        return chain_verification.in_order()
