"""Holds that mention a client who is erased, and stay: the Admin is told of them."""

import re
import uuid

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds import erasure
from dashboard.holds.mentions import mentions
from dashboard.holds.models import Hold
from tests.accounts.cast import acting, make_hold
from tests.commands import output
from tests.holds.test_lock_order import given_to
from tests.pages.desk import desk

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ADA = {"client_name": "Ada King", "client_contact": "ada@example.org"}


def ended(holder: User, **fields: object) -> Hold:
    given = {"state": Hold.State.EXPIRED, "reservation_uid": uuid.uuid4().hex}
    return make_hold(holder, **ADA | given | fields)


@pytest.fixture
def corrected(staff: User) -> Hold:
    """Return an ended hold whose client had a misspelled name, and another contact, before."""
    hold = make_hold(
        staff, reservation_uid="x", client_name="Ada Kign", client_contact=ADA["client_contact"]
    )
    given_to(hold, staff, client_name="Ada King", client_contact="0171 5550100")
    given_to(hold, staff, **ADA)
    Hold.objects.update(state=Hold.State.EXPIRED)
    hold.refresh_from_db()
    return hold


@pytest.fixture
def others(staff: User) -> list[Hold]:
    """Return the holds that mention the client, newest first."""
    stay = [
        ended(staff, client_contact=""),
        ended(staff, client_name="KING, Ada", client_contact="+41 79"),
        ended(staff, client_name="Zed", client_contact="0999", note="brother of Ada King"),
        ended(staff, client_name="A. K.", client_contact="+49 171 5550100"),
        ended(staff, client_name="Ada Kign", client_contact="0999"),
        make_hold(staff, client_name="Ada King", reservation_uid="live"),
    ]
    ended(staff, client_name="Adam King", client_contact="0998")
    ended(staff, client_name="Ada", client_contact="0997")
    ended(staff)
    ended(staff, state=Hold.State.HELD)
    return stay[::-1]


def test_other_contacts_and_spellings_of_the_client_are_found(corrected, others):
    assert mentions(corrected) == others


def test_former_client_counts_only_where_something_stays(corrected, staff, admin):
    given = make_hold(staff, reservation_uid="given", **ADA)
    given_to(given, staff, client_name="Zed", client_contact="0999")
    assert mentions(corrected) == []
    Hold.objects.filter(pk=given.pk).update(note="for Ada King")
    given.refresh_from_db()
    given.save()
    assert mentions(corrected) == [given]
    erasure.erase(hold_id=corrected.pk, by=acting(admin), now=timezone.now())
    corrected.refresh_from_db()
    assert mentions(corrected) == []  # nothing to look for


def test_dash_instead_of_a_contact_is_looked_for_nowhere(staff):
    hold = ended(staff, client_contact="-")
    named = ended(staff, client_contact="+41-79")
    ended(staff, client_name="Adam Kingsley", client_contact="0998-1")
    assert mentions(hold) == [named]


def test_page_and_command_name_them(corrected, others, admin):
    page = desk(admin).get(f"/holds/{corrected.pk}/erase").content.decode()
    listed = re.search(r"they may be another client.*?<ul>(.*?)</ul>", page, re.DOTALL)
    assert listed
    assert re.findall(r'href="/holds/(\d+)/"', listed[1]) == [str(each.pk) for each in others]
    said = output("erase_client", str(corrected.pk), "--dry-run")
    numbers = " ".join(str(each.pk) for each in others)
    assert said.endswith(
        f"hold {corrected.pk}: its client may be in others too, which stay: {numbers}\n"
    )
