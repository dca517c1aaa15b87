"""What a connection to SQLite really does, read back from SQLite itself.

On files of their own, so that the tests mean the same whatever database the run itself is on.
"""

import threading

import pytest
from django.db import connections
from django.db.utils import ConnectionHandler, OperationalError

from dashboard.edge.setting_readers import sqlite

FULL = 2


@pytest.fixture
def connect(tmp_path, django_db_blocker):
    """Opens one more connection to one new file, with the product's own options."""
    opened = []

    def one_more(**options):
        config = connections["default"].settings_dict | sqlite(tmp_path / "db.sqlite3")
        config["OPTIONS"] |= options
        connection = ConnectionHandler({"default": config})["default"]
        connection.inc_thread_sharing()  # so that the test can close it for its thread
        opened.append(connection)
        return connection

    with django_db_blocker.unblock():
        yield one_more
        for connection in opened:
            connection.close()


def run(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return (cursor.fetchone() or [None])[0]


def add_one(connection):
    """Read and write back in one transaction, as ``atomic`` begins it."""
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    try:
        number = run(connection, "SELECT number FROM counter")
        run(connection, f"UPDATE counter SET number = {number + 1}")
        connection.commit()
    finally:
        connection.rollback()
        connection.set_autocommit(True)


def count_together(connect, people=4, times=25, **options):
    """What the counter says in the end, and how many were told that it is locked."""
    run(connect(), "CREATE TABLE counter AS SELECT 0 AS number")
    refused = []

    def one_person():
        connection = connect(**options)
        for _ in range(times):
            try:
                add_one(connection)
            except OperationalError as exc:
                refused.append(str(exc))

    threads = [threading.Thread(target=one_person) for _ in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return run(connect(), "SELECT number FROM counter"), len(refused)


def test_what_was_committed_survives_and_references_hold(connect):
    names = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout"]
    found = [run(connect(), f"PRAGMA {name}") for name in names]
    assert found == ["wal", FULL, 1, 20_000]


def test_people_who_write_at_the_same_time_wait_for_each_other(connect):
    assert count_together(connect) == (100, 0)


def test_without_the_lock_at_begin_some_of_them_would_be_turned_away(connect):
    number, refused = count_together(connect, transaction_mode="DEFERRED")
    assert number + refused == 100
    assert refused > 0
