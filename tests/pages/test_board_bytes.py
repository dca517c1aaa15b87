"""A full board stays small on the wire: what each row repeats costs next to nothing."""

import gzip
from datetime import timedelta

import pytest

from dashboard.accounts.models import User
from tests.bench.pages import GZIP_LEVEL
from tests.bench.product import CLIENTS, NOTES
from tests.holds.factories import put
from tests.holds.verbs import MONDAY
from tests.pages.desk import desk

HOLDS = 200
# With the hashes in the names of static files, ``python -m tests.bench.pages`` measures 0.2 kB more
# and allows 12.5 kB.
MOST_BYTES = 12_300


@pytest.mark.django_db
def test_full_board_stays_small(staff: User, colleague: User, admin: User) -> None:
    for number in range(HOLDS):
        start = MONDAY + timedelta(hours=number)
        put(
            (staff, colleague)[number % 2],
            seconds=3600 + 60 * (number % 60) + number // 25,
            slot_start=start,
            slot_end=start + timedelta(hours=1),
            client_name=f"{CLIENTS[number % len(CLIENTS)]} {number}",
            client_contact="+39 06 555 0100",
            note=NOTES[number % len(NOTES)],
        )
    page = desk(admin).get("/").content
    assert page.count(b'name="hold"') == HOLDS
    assert len(gzip.compress(page, GZIP_LEVEL)) < MOST_BYTES
