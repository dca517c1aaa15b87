"""Position and hash of the chain's end, as an Admin reads them out to an auditor."""

import re

import pytest
from django.db import connection

from dashboard.audit import checkpoints, trail
from dashboard.audit.triggers import LINKS
from tests.audit.attacks import NOON
from tests.audit.tampering import run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("immediate_links")]


def read_out(page: str) -> list[tuple[int, str]]:
    """Return positions and hashes of the page, as they are copied."""
    found = re.findall(r'position (\d+)\s*<br>\s*<code class="hash"[^>]*>(.*?)</code>', page)
    return [(int(position), re.sub("<.*?>", "", digits)) for position, digits in found]


def test_page_has_what_a_checkpoint_has(admins_browser):
    for _number in range(3):
        trail.event(action=trail.Action.SIGN_OUT, by=None, now=NOON)
    whole = checkpoints.latest(NOON)
    page = admins_browser.get("/audit/").content.decode()
    assert read_out(page) == [(whole.position, whole.hash)]
    assert f"<span>{whole.hash[:8]}</span><span>{whole.hash[8:16]}</span>" in page

    admins_browser.post("/audit/verify")  # which is an entry of its own
    last = checkpoints.latest(NOON)
    page = admins_browser.get("/audit/").content.decode()
    assert read_out(page) == [(each.position, each.hash) for each in (last, whole)]


@pytest.mark.parametrize("is_verified", [False, True])
@pytest.mark.parametrize(
    ("column", "value"),
    [("hash", "CAST(X'ff' AS text)"), ("hash", "X'ff'"), ("entry_id", "'x'")],
)
def test_page_is_shown_where_the_end_cannot_be_read(admins_browser, is_verified, column, value):
    trail.event(action=trail.Action.SIGN_OUT, by=None, now=NOON)
    if is_verified:
        admins_browser.post("/audit/verify")
    if connection.vendor == "sqlite":
        end = f"(SELECT max(position) FROM {LINKS})"
        run(connection, [f"UPDATE {LINKS} SET {column} = {value} WHERE position = {end}"])
        assert admins_browser.get("/audit/").status_code == 200
