"""Options of connections, read back from the database.

These tests use databases of their own, so they run the same on every test database.
"""

import threading
import time
from contextlib import closing

import pytest
from django.db import connections
from django.db.utils import ConnectionHandler, OperationalError

from dashboard.edge.database import BUSY_AGAIN, BUSY_FOR, POSTGRESQL_LIMITS
from dashboard.edge.setting_readers import postgresql, sqlite

FULL = 2
NO_LIMIT = "?options=-c%20idle_in_transaction_session_timeout%3D0"
LONG_LOCKS = "?options=-c%20lock_timeout%3D5min"
READ_ONLY = "?options=-c%20default_transaction_read_only%3Don"


@pytest.fixture
def connect(tmp_path, django_db_blocker):
    """Return a function that opens another connection to one file with the product's options."""
    opened = []

    def open_connection(**options):
        config = connections["default"].settings_dict | sqlite(tmp_path / "db.sqlite3")
        config["OPTIONS"] |= options
        connection = ConnectionHandler({"default": config})["default"]
        connection.inc_thread_sharing()  # so that the test can close it for its thread
        opened.append(connection)
        return connection

    with django_db_blocker.unblock():
        yield open_connection
        for connection in opened:
            connection.close()


def run(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return (cursor.fetchone() or [None])[0]


def add_one(connection):
    """Read, add and write in one transaction, begun as ``atomic`` begins it."""
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    try:
        number = run(connection, "SELECT number FROM counter")
        run(connection, f"UPDATE counter SET number = {number + 1}")
        connection.commit()
    finally:
        connection.rollback()
        connection.set_autocommit(True)


def count_together(connect):
    """Return the final counter, and how many of 25 writes by each of 4 writers were refused."""
    run(connect(), "CREATE TABLE counter AS SELECT 0 AS number")
    refused = []

    def write():
        connection = connect()
        for _ in range(25):
            try:
                add_one(connection)
            except OperationalError as exc:
                refused.append(str(exc))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return run(connect(), "SELECT number FROM counter"), len(refused)


def test_commits_are_durable_and_foreign_keys_enforced_and_deleted_rows_gone(connect):
    names = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete"]
    found = [run(connect(), f"PRAGMA {name}") for name in names]
    assert found == ["wal", FULL, 1, 20_000, 1]


def test_concurrent_writers_wait_for_each_other(connect):
    assert count_together(connect) == (100, 0)


def test_deferred_transactions_would_fail_with_concurrent_writers(connect):
    run(connect(), "CREATE TABLE counter AS SELECT 0 AS number")
    first, second = (connect(transaction_mode="DEFERRED") for _ in range(2))
    for connection in (first, second):
        connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        run(connection, "SELECT number FROM counter")
    run(first, "UPDATE counter SET number = 1")
    first.commit()
    with pytest.raises(OperationalError, match="locked"):
        run(second, "UPDATE counter SET number = 1")
    second.rollback()


def test_wait_in_vain_is_not_repeated(connect):
    """A page that stores several things waits for another program once."""
    other, own = connect(), connect(timeout=0.01)
    run(other, "BEGIN IMMEDIATE")
    assert [run(own, "PRAGMA busy_timeout"), own.close_at > time.monotonic() + BUSY_FOR] == [
        10,
        True,
    ]
    with pytest.raises(OperationalError, match="locked"):
        run(own, "BEGIN IMMEDIATE")
    assert run(own, "PRAGMA busy_timeout") == BUSY_AGAIN
    assert own.close_at <= time.monotonic() + BUSY_FOR


@pytest.mark.parametrize(
    ("options", "limits", "is_kept"),
    [
        (NO_LIMIT, ("30s", "40s"), True),
        (LONG_LOCKS, ("10min", "5min"), True),
        (READ_ONLY, ("10min", "40s"), False),
    ],
)
def test_waits_have_limits_and_no_connection_stays_read_only(
    postgresql_url, django_db_blocker, options, limits, is_kept
):
    config = connections["default"].settings_dict | postgresql(postgresql_url + options)
    connection = ConnectionHandler({"default": config})["default"]
    with django_db_blocker.unblock(), closing(connection):
        assert tuple(run(connection, f"SHOW {name}") for name in POSTGRESQL_LIMITS) == limits
        connection.close_if_unusable_or_obsolete()  # as at the end of a request
        assert (connection.connection is not None) == is_kept
