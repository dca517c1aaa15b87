"""The watch over all logs notices what it is for."""

import logging

import pytest

from tests.log_secrets import Watcher


@pytest.mark.parametrize(
    ("said", "is_found"),
    [
        ("key cal_ownerfast0123456789", True),
        ("uid 123e4567-e89b-12d3-a456-426614174000", True),
        ("client Grace", True),
        ("contact grace@example.test", True),
        ("password correct horse 9", True),
        ("request 123e4567e89b12d3a456426614174000 of /holds/7/ in dashboard.calcom", False),
    ],
)
def test_watcher(said, is_found):
    watcher = Watcher()
    watcher.handle(logging.makeLogRecord({"msg": "%s", "args": (said,)}))
    failed = {"msg": "failed", "exc_info": (ValueError, ValueError(said), None)}
    watcher.handle(logging.makeLogRecord(failed))
    assert len(watcher.found) == 2 * is_found
