"""Reach the database again after a call to cal.com, during which it may have been restarted.

Otherwise the answer is lost. That to a POST has the uid, without which no one can release the time.
"""

import time

from django.db import OperationalError, connection

PATIENCE = 10.0  # seconds for the database to start, in which a person waits for the page
PAUSE = 0.2


def renew() -> None:
    """Replace a broken connection; wait while the database is away, but not for long.

    Raises nothing: the next query says what is wrong.
    """
    if connection.in_atomic_block:
        return
    give_up = time.monotonic() + PATIENCE
    connection.health_check_done = False  # type: ignore[attr-defined]  # missing in its stubs
    while True:
        try:
            connection.close_if_health_check_failed()
            connection.ensure_connection()
        except OperationalError:
            if time.monotonic() > give_up:
                return
            time.sleep(PAUSE)
        else:
            return
