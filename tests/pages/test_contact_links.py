"""A contact is a link where it is one telephone number or one e-mail address."""

from __future__ import annotations

import re

import pytest

from dashboard.accounts.models import User
from dashboard.pages.contact_links import link_of
from dashboard.sandbox import Sandbox
from tests.pages.desk import ask, desk, markup


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("+39 06 123 4567", "tel:+39061234567"),
        (" (06) 123-45.67 ", "tel:061234567"),
        ("+49 (0)30 12345", "tel:+493012345"),
        ("030/12345", "tel:03012345"),
        ("12345678901234567890", "tel:12345678901234567890"),
        # As copied from web pages and telephones.
        ("\u202a+39 06 123 4567\u202c", "tel:+39061234567"),
        ("+39\u00a006\u202f123\u20094567", "tel:+39061234567"),
        ("030 123\u2011456\u20137", "tel:0301234567"),
        ("+39 06\u200b12345", "tel:+390612345"),
        ("٠٣٠ ١٢٣٤٥", "tel:03012345"),
        ("\ufeffgrace@ex\u00adample.test\u200e", "mailto:grace@example.test"),
        ("grace@example.test", "mailto:grace@example.test"),
        ("zoë@bücher.example", "mailto:zo%C3%AB@b%C3%BCcher.example"),
        ("", ""),
        ("1234", ""),
        ("room 12345", ""),
        ("+39 06 123 4567 or 8", ""),
        ("06 12345, grace@example.test", ""),
        ("grace@example", ""),
        ("grace@example.test?bcc=a@b.test", ""),
        ("javascript:alert(1)@a.b", ""),
        ("+39 06 " + "1" * 2000, ""),
    ],
)
def test_link(contact: str, link: str) -> None:
    assert link_of(contact) == link


def test_page_of_a_hold_calls_the_client(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)

    placed = ask(browser, client_contact="+39 06 123")
    html = markup(browser.get(placed["Location"]))

    assert re.findall(r'<a href="(tel:[^"]*)">([^<]*)<', html) == [("tel:+3906123", "+39 06 123")]
