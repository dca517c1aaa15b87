"""Titles of pages that name a client: a name cannot turn the text that follows it."""

import re

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Offer
from tests.holds.factories import put
from tests.pages.desk import desk

pytestmark = pytest.mark.slow
# The first mark would end the isolation, the second turns what follows.
TURNED = "A\u2069\u202enna"


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
