"""Conditions under which an INSERT conflicts with a row through a unique index of SQLite.

They are made from the database's own list of indexes, so that one of a later migration is not
forgotten. Sources: https://www.sqlite.org/pragma.html#pragma_index_list,
https://www.sqlite.org/lang_createindex.html.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

# Indexes of UNIQUE inside CREATE TABLE have no statement of their own.
INDEXES = """
    SELECT list.name, master.sql
    FROM pragma_index_list(%s) AS list
    LEFT JOIN sqlite_master AS master ON master.type = 'index' AND master.name = list.name
    WHERE list."unique"
"""
KEY_COLUMNS = "SELECT name, coll FROM pragma_index_xinfo(%s) WHERE key ORDER BY seqno"
COLUMNS = "SELECT name FROM pragma_table_xinfo(%s)"
# Texts, quoted names and comments may contain brackets and commas.
TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|.""", re.DOTALL
)
DIRECTION = re.compile(r"\s+(ASC|DESC)\s*$", re.IGNORECASE)


def conflicts(cursor: Any, table: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each unique index and the condition, for a trigger BEFORE INSERT."""
    cursor.execute(COLUMNS, [table])
    columns = [name for (name,) in cursor.fetchall()]
    cursor.execute(INDEXES, [table])
    for index, sql in cursor.fetchall():
        if sql is None:
            cursor.execute(KEY_COLUMNS, [index])
            terms, where = [f'"{name}" COLLATE {rule}' for name, rule in cursor.fetchall()], ""
        else:
            terms, where = index_parts(sql)
        # Only these, so that a migration can drop any other column.
        text = f"{terms} {where}"
        named = [name for name in columns if is_word_of(text, name)]
        yield index, conflict(table, terms, where, named)


def is_word_of(text: str, name: str) -> bool:
    """Return True if a name, which may have spaces, stands in a text as a whole."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def conflict(table: str, terms: Sequence[str], where: str, columns: Sequence[str]) -> str:
    """Return the condition that a row of the table equals NEW in all terms of an index.

    NEW is read as a table of the same name, so that terms and condition apply to it unchanged.
    """
    row = ", ".join(f'NEW."{name}" AS "{name}"' for name in columns)
    keys = ", ".join(f"{term} AS k{number}" for number, term in enumerate(terms))
    equal = " AND ".join(f"old.k{number} = new.k{number}" for number in range(len(terms)))
    return (
        f"EXISTS (SELECT 1 FROM (SELECT {keys} FROM (SELECT {row}) AS {table} {where}) AS new"  # noqa: S608
        f" JOIN (SELECT {keys} FROM {table} {where}) AS old ON {equal})"
    )


def index_parts(sql: str) -> tuple[list[str], str]:
    """Split CREATE INDEX into its terms and its WHERE clause, which is "" without one."""
    parts, depth = [""], 0
    # A space for each comment: one to the end of the line would hide what follows.
    tokens = iter([" " if text[:2] in ("--", "/*") else text for text in TOKEN.findall(sql)])
    for text in tokens:
        depth += (text == "(") - (text == ")")
        if text == ")" and depth == 0:
            break
        if depth == 1 and text in ("(", ","):
            parts.append("")
        else:
            parts[-1] += text
    return [DIRECTION.sub("", term).strip() for term in parts[1:]], "".join(tokens).strip()
