"""Index of texts: what entries and holds say, found by any three characters in a row.

SQLite keeps each index as an FTS5 table of trigrams, PostgreSQL as a table with a trigram index.
Neither is a model that Django migrates, so that both look alike: ``rowid`` and ``text``. Texts are
folded as on the board (:mod:`dashboard.audit.text_sql`). A trigger
(:mod:`dashboard.audit.triggers`) writes the texts of an action's entries, under the id of the
first; the text of a hold, which names a client, is written by the application and erased with it.

Sources: https://www.sqlite.org/fts5.html#the_trigram_tokenizer,
https://www.postgresql.org/docs/current/pgtrgm.html.
"""

import re
from typing import Any

from django.db import connection, models
from django.db.models import Q

from dashboard.localization.searching import readings, search_text

ENTRIES = "dashboard_entrytext"
HOLDS = "dashboard_holdtext"
TABLES = (ENTRIES, HOLDS)
SHORTEST = 3  # characters of a word that the index can find
# Two signs of Chinese or Japanese, which are a whole name.
SIGNS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]{2}")
# Columns of an entry whose text is found. Most entries have none of them, and are not in the index.
COLUMNS = ("message", "error_code", "reason")


class Like(models.Lookup):
    """``column LIKE '%word%'``, in which ``%`` and ``_`` stand for themselves.

    On SQLite without an ESCAPE clause, with which FTS5 uses no index: there LIKE finds rows by the
    index, and ``instr`` keeps those with the very word.
    """

    lookup_name = "like"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, parameters = self.process_lhs(compiler, connection)
        word = str(self.rhs)
        if connection.vendor == "sqlite":
            both = (*parameters, f"%{word}%", *parameters, word)
            return f"({left} LIKE %s AND instr({left}, %s))", both
        escaped = re.sub(r"([%_\\])", r"\\\1", word)
        return f"{left} LIKE %s", (*parameters, f"%{escaped}%")


class UnindexedLike(Like):
    """The same without the index, for rows that are known: an operator keeps it out."""

    lookup_name = "unindexed_like"

    def process_lhs(self, compiler: Any, connection: Any, lhs: Any = None) -> tuple[str, Any]:
        left, parameters = super().process_lhs(compiler, connection, lhs)
        return f"({left} || '')", parameters


models.TextField.register_lookup(Like)
models.TextField.register_lookup(UnindexedLike)


def conditions(find: str) -> list[Q]:
    """Return conditions on the texts of holds, one of which is met where ``finder`` finds.

    Each asks for one form of the longest word, because FTS5 has no index for alternatives.
    """
    found = []
    for terms in readings(find):
        if terms:
            longest = max(terms, key=lambda forms: min(map(len, forms)))
            others = [each for each in terms if each is not longest]
            rest = Q(*(Q(*map(has, forms), _connector=Q.OR) for forms in others))
            found += [has(form) & rest for form in longest]
    return found


def is_word(folded: str) -> bool:
    """Return whether a folded word may be looked for by itself."""
    return len(folded) >= SHORTEST or SIGNS.fullmatch(folded) is not None


def has(form: str) -> Q:
    """Match texts that have a form. With less than three characters FTS5 would find none."""
    return Q(text__like=form) if len(form) >= SHORTEST else Q(text__contains=form)


def forget_deleted() -> None:
    """Write the index of holds anew where deleted texts stay in the file until then."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {HOLDS} ({HOLDS}) VALUES ('optimize')")  # noqa: S608


def index_hold(hold_id: int, *texts: str, is_new: bool = False) -> None:
    """Store what a hold says about its client; without any text, nothing is left of it."""
    with connection.cursor() as cursor:
        if not is_new:
            cursor.execute(f"DELETE FROM {HOLDS} WHERE rowid = %s", [hold_id])  # noqa: S608
        if any(texts):
            values = (hold_id, search_text(*texts))
            cursor.execute(f"INSERT INTO {HOLDS} (rowid, text) VALUES (%s, %s)", values)  # noqa: S608
