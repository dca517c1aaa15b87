"""Ask the database whether it takes writes, and survive while it takes none.

A full disk, a file of another user, a standby and ``default_transaction_read_only`` all let reads
through, so only a write tells.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse

log = logging.getLogger(__name__)

# SQLite writes the page with this number, which Holdfast does not use, to the disk; with a
# rollback a full disk would not show. PostgreSQL refuses the statement before it looks for rows.
# https://www.sqlite.org/pragma.html#pragma_user_version
# https://www.postgresql.org/docs/current/sql-set-transaction.html
WRITES = {
    "sqlite": "PRAGMA user_version = 0",
    "postgresql": "UPDATE django_migrations SET name = name WHERE false",
}
REMEDY = {
    "sqlite": (
        "Give the file of DATABASE_URL and its folder to the user that runs Holdfast, on a disk"
        " that has room and is mounted for writing."
    ),
    "postgresql": (
        "Point DATABASE_URL to the primary, with a user who may write to all tables and whose"
        " default_transaction_read_only is off, and see that the server's disk has room."
    ),
}
# What the connection must have, so that writers wait for each other and commits are durable.
SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 20_000}
# A thread that has waited so long in vain waits less for a while: its next pages need not wait.
BUSY_AGAIN = 1_000  # milliseconds
BUSY_FOR = 30  # seconds after the last time


class Need(NamedTuple):
    """Requirement of PostgreSQL: a query whether it is met, what is wrong otherwise, the remedy."""

    query: str
    fault: str
    remedy: str


POSTGRESQL_NEEDS = [
    # UTF8 stores every name.
    Need(
        "SELECT current_setting('server_encoding') = 'UTF8'",
        fault="is not in UTF8",
        remedy="Create it with ENCODING 'UTF8' TEMPLATE template0.",
    ),
    # At a stricter level, a writer that has waited is refused where others have committed. Drivers
    # read moments in ISO only.
    # https://www.postgresql.org/docs/current/transaction-iso.html
    Need(
        """
        SELECT current_setting('default_transaction_isolation') = 'read committed'
            AND current_setting('datestyle') LIKE 'ISO%'
        """,
        fault="lacks the default_transaction_isolation read committed and the datestyle ISO",
        remedy="For its user: ALTER ROLE … SET default_transaction_isolation = 'read committed',"
        " and ALTER ROLE … SET datestyle = 'ISO'.",
    ),
    # pg_trgm finds words by an index.
    Need(
        """
        SELECT EXISTS (
            SELECT FROM pg_opclass WHERE opcname = 'gin_trgm_ops' AND pg_opclass_is_visible(oid)
        ) OR has_database_privilege(current_database(), 'CREATE') AND EXISTS (
            SELECT FROM pg_available_extensions
            WHERE name = 'pg_trgm' AND installed_version IS NULL
        )
        """,
        fault="has no extension pg_trgm that its user sees or may create",
        remedy="Install PostgreSQL's contrib modules, and as its administrator:"
        " CREATE EXTENSION pg_trgm, in a schema of the user's search_path.",
    ),
    # Since version 15, only the owner of a database may create tables in its schema public.
    Need(
        """
        SELECT to_regclass('django_migrations') IS NOT NULL
            OR has_schema_privilege(current_schema(), 'CREATE')
        """,
        fault="has no schema in which its user may create tables",
        remedy="As an administrator: ALTER DATABASE … OWNER TO its user.",
    ),
]
# Limits where the operator has set none: https://www.postgresql.org/docs/current/runtime-config-client.html
# The transaction of a machine that died is rolled back before others stop waiting for it.
POSTGRESQL_LIMITS = {"idle_in_transaction_session_timeout": "30s", "lock_timeout": "40s"}
BEGIN_SESSION = "SELECT current_setting('transaction_read_only') = 'on', " + ", ".join(
    f"CASE current_setting('{name}') WHEN '0' THEN set_config('{name}', '{limit}', false) END"
    for name, limit in POSTGRESQL_LIMITS.items()
)


def begin_session(*, connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Let PostgreSQL roll back the transaction of a machine that died, and limit waits for locks.

    Otherwise others would wait for its locks for two hours, until the kernel closes the connection,
    and for those of another program for as long as it makes an index.
    A read-only session is for one request: it may stay so when the database takes writes again.
    """
    if connection.vendor == "sqlite" and wait_less not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, wait_less)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(BEGIN_SESSION)
            if cursor.fetchone()[0]:
                connection.close_at = time.monotonic()


def wait_less(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Shorten the wait for SQLite where another program keeps it locked, as some copy it.

    A page would wait for the whole time again with each thing that it stores.
    """
    try:
        return execute(sql, params, many, context)
    except OperationalError as exc:
        if getattr(exc.__cause__, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            connection = context["connection"]
            connection.connection.execute(f"PRAGMA busy_timeout = {BUSY_AGAIN}")
            connection.close_at = time.monotonic() + BUSY_FOR
        raise


def write_refusal(connection: BaseDatabaseWrapper) -> str:
    """Return why the database takes no writes; "" if it does. Raises nothing of the database."""
    try:
        with connection.cursor() as cursor:
            if "django_migrations" in connection.introspection.table_names(cursor):
                cursor.execute(WRITES[connection.vendor])
    except DatabaseError as exc:
        return error_text(exc)
    return ""


def error_text(exc: Exception) -> str:
    """Return the message of an error in one line.

    psycopg names the last of several addresses, then all, each with the same advice.
    """
    lines = str(exc).rpartition("All failures were:")[2].split("\n")
    return " ".join(" ".join(dict.fromkeys(lines)).split())


def log_failure(task: str, fault: DatabaseError) -> None:
    """Log what is tried again; where the database is away, without a traceback each time."""
    is_unknown = not isinstance(fault, OperationalError)
    log.error("%s failed; it is tried again: %s", task, error_text(fault), exc_info=is_unknown)


def wrong_pragmas(connection: BaseDatabaseWrapper) -> list[str]:
    """Read back what SQLite took over of the options; return what differs, as "name=value"."""
    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        found = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in SQLITE_PRAGMAS}
    return [f"{name}={value}" for name, value in found.items() if value != SQLITE_PRAGMAS[name]]


def unmet_needs(connection: BaseDatabaseWrapper) -> Iterator[tuple[str, str]]:
    """Yield what PostgreSQL lacks, and the remedy."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for need in POSTGRESQL_NEEDS:
            cursor.execute(need.query)
            if not cursor.fetchone()[0]:
                yield need.fault, need.remedy


@register(Tags.database)
def check_writable(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report databases that do not store everything, for ``check --database default``."""
    messages: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if refusal := write_refusal(connection):
            text = f"The database {alias!r} takes no writes: {refusal}."
            messages.append(Error(text, hint=REMEDY[connection.vendor], id="edge.E001"))
        elif wrong := wrong_pragmas(connection):
            text = f"SQLite did not take over what makes it safe: {', '.join(wrong)}."
            hint = "Put the file on a local disk: a network folder has no write-ahead log."
            messages.append(Error(text, hint=hint, id="edge.E002"))
        else:
            for fault, hint in unmet_needs(connection):
                text = f"The database {alias!r} {fault}."
                messages.append(Error(text, hint=hint, id="edge.E003"))
    return messages


class UnstoredSessionError(DatabaseError):
    """A session that could not be stored after the view had done its work."""


class BestEffortSessionMiddleware(SessionMiddleware):
    """Show a page although its session cannot be stored, where the page itself changes nothing.

    So does the page that says why a form was refused. Where the person signed out meanwhile, in
    another window, show what the view answered, too. Django would answer 400, as if nothing had
    been done.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except (DatabaseError, SessionInterrupted) as exc:
            fault = exc if isinstance(exc, DatabaseError) else fault_behind(exc)
            may_be_done = request.method not in ("GET", "HEAD") and response.status_code < 400
            if fault is not None and may_be_done:
                raise UnstoredSessionError(error_text(fault)) from exc
            log.warning("A session could not be stored: %s", error_text(fault or exc))
            return response


def fault_behind(interrupted: SessionInterrupted) -> DatabaseError | None:
    """Return the database error that Django reports as the end of a session; None without one.

    For a deleted session there is an error without a cause: the forced update met no row.
    """
    failed_update = interrupted.__context__
    fault = failed_update and failed_update.__context__
    # The driver's own error is the cause of Django's.
    if isinstance(fault, DatabaseError) and fault.__cause__ is not None:
        return fault
    return None
