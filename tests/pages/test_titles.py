"""Titles of pages that name a client: a name cannot turn the text that follows it."""

import re

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Offer
from tests.holds.factories import put
from tests.pages.desk import desk

pytestmark = pytest.mark.slow
TURNED = "\u202eannA"


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
        isolated, _, rest = title.partition("\u2068")[2].partition("\u2069")
        assert isolated.endswith(TURNED), path
        assert rest.split()[-1] == "Holdfast"
