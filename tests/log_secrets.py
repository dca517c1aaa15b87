"""Fail every test whose log has a secret of the test world: a key, a uid, a client, a password."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest

SECRETS = re.compile(
    r"cal_\w*[0-9]{6,}"  # API keys of the sandbox's worlds
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"  # uids of reservations
    r"|\bGrace\b|grace@example|called at nine"  # the client of most tests
    r"|correct horse 9|holdfast-demo"  # passwords
)


def secrets_in(text: str) -> list[str]:
    return sorted(set(SECRETS.findall(text)))


class Watcher(logging.Handler):
    """Remember the secrets in all records of a test, also of those below the level of the log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.found: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)  # with the traceback
        if secrets_in(text):
            self.found.add(text[:500])


@pytest.fixture(autouse=True)
def no_secret_is_logged() -> Iterator[None]:
    watcher, root = Watcher(), logging.getLogger()
    root.addHandler(watcher)
    yield
    root.removeHandler(watcher)
    assert watcher.found == set()
