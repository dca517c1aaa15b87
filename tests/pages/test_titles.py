"""Titles and pages that name a client: a name cannot turn the text that follows it.

What people type is stored without control characters, which browsers show as boxes.
"""

import re

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Hold, Offer
from dashboard.pages.calendars import AddForm, CalendarForm
from dashboard.pages.saved_searches import NameForm
from dashboard.sandbox import Sandbox
from tests.holds.factories import put
from tests.pages.desk import ask, desk

pytestmark = pytest.mark.slow
# The first mark would end the isolation, the second turns what follows.
TURNED = "A\u2069\u202enna"
COPIED, STORED = "\x0bAda\x1b\r\n\x9b Lovelace\x07", "Ada Lovelace"


def test_name_of_a_client_is_isolated(staff: User, admin: User) -> None:
    hold = put(
        staff,
        client_name=TURNED,
        offer=Offer.objects.create(created_at=timezone.now(), made_by=staff),
    )
    paths = {f"/holds/{hold.pk}/": staff, f"/offers/{hold.offer_id}/": staff}
    paths |= {f"/audit/?find=client:{hold.pk}": admin}
    for path, user in paths.items():
        page = desk(user).get(path).content.decode()
        title = re.search(r"<title[^>]*>(.*?)</title>", page, re.DOTALL)[1]
        assert "Anna\u2069" in title.partition("\u2068")[2], path
        assert re.findall("[\u202a-\u202e\u2066-\u2069]", title) == ["\u2068", "\u2069"]


def test_name_is_stored_without_what_ends_its_isolation(calcom: Sandbox, staff: User) -> None:
    assert ask(desk(staff), client_name=TURNED).status_code == 303
    hold = Hold.objects.get()
    assert hold.client_name == "A\u202enna"
    edited = {"client_name": "Ben\u2069", "client_contact": "", "note": ""}
    assert desk(staff).post(f"/holds/{hold.pk}/client", edited).status_code == 303
    hold.refresh_from_db()
    assert hold.client_name == "Ben"


def test_texts_are_stored_without_control_characters(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    client = dict.fromkeys(("client_name", "client_contact", "note"), COPIED)
    assert ask(browser, **client).status_code == 303
    hold = Hold.objects.get()
    assert {getattr(hold, name) for name in client} == {STORED}
    edited = client | {"client_name": f"{COPIED}\tKing"}
    assert browser.post(f"/holds/{hold.pk}/client", edited).status_code == 303
    reason = {"reason": "other", "note": COPIED}
    assert browser.post(f"/holds/{hold.pk}/release", reason).status_code == 303
    hold.refresh_from_db()
    assert (hold.client_name, hold.end_note) == (f"{STORED} King", STORED)


def test_labels_and_names_of_searches_have_no_control_characters() -> None:
    fields = [form.base_fields["label"] for form in (AddForm, CalendarForm)]
    assert {field.clean(COPIED) for field in [*fields, NameForm.base_fields["name"]]} == {STORED}
