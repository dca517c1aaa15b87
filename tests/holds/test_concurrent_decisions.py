"""Two people decide on one offer, or change its holds, at the same moment."""

from datetime import timedelta

import pytest

from dashboard.accounts.models import User
from dashboard.holds.offer_decision import Decision
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.concurrency import delayed
from tests.holds.observe import at_cal_com, in_register, states
from tests.holds.offers import keep, offered
from tests.holds.verbs import MONDAY

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("patient"),
]


def test_one_of_two_decisions_wins(calcom: Sandbox, staff: User, admin: User) -> None:
    offer, holds = offered(staff)

    with delayed(calcom, lambda: keep(staff, offer, holds[0]), "GET") as deciding:
        with pytest.raises(HoldError) as refused:
            keep(admin, offer, holds[2])
        decision = deciding.finish()

    assert isinstance(decision, Decision)
    assert refused.value.cause == "being_decided"
    assert refused.value.happened == "staff is deciding on this offer right now."
    assert at_cal_com(calcom) == in_register(holds[0])
    assert states(*holds) == ["held", "released", "released"]


def test_kept_hold_cannot_be_released_meanwhile(calcom: Sandbox, staff: User, admin: User) -> None:
    offer, holds = offered(staff, 2)

    with delayed(calcom, lambda: keep(staff, offer, holds[0]), "DELETE"):
        with pytest.raises(HoldError) as refused:
            verbs.release(admin, holds[0])
        with pytest.raises(HoldError) as full:
            verbs.place(staff, start=MONDAY + timedelta(weeks=1), offer=offer)

    assert refused.value.happened == ("staff is deciding on an offer with this hold right now.")
    assert full.value.cause == "being_decided"
    assert states(*holds) == ["held", "released"]
