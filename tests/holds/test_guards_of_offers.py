"""Who may make a hold one of an offer."""

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds import offers
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import cast


def test_a_colleagues_offer_is_told_to_its_people_only(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    hold = cast.place(staff)
    offers.start(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())

    with pytest.raises(HoldError) as refused:
        offers.start(hold_id=hold.pk, by=cast.acting(colleague), now=timezone.now())

    assert refused.value.status == 403
