"""Example holds of the demo, where the stand-in for cal.com does not give what they ask for."""

import pytest

from dashboard.holds.models import Hold
from dashboard.management.commands.demo import enter_calendars
from dashboard.management.examples import EXAMPLES, place_examples
from dashboard.sandbox import Sandbox, demo_world
from tests.future_dates import day
from tests.holds.conftest import calcom

__all__ = ["calcom"]

pytestmark = pytest.mark.usefixtures("staff", "admin")


@pytest.fixture
def sandbox():
    with Sandbox(demo_world(day(0)), has_teams=True) as running:
        yield running


def test_example_that_is_refused_leaves_the_others(calcom):
    calcom.faults.add("stranger", method="POST")
    enter_calendars()
    place_examples()
    clients = Hold.objects.order_by("pk").values_list("client_name", flat=True)
    assert list(clients) == [f"{example.client} (example)" for example in EXAMPLES]
    states = [Hold.State.REFUSED, Hold.State.BOOKED, *[Hold.State.HELD] * 5]
    assert list(Hold.objects.order_by("pk").values_list("state", flat=True)) == states


def test_without_free_times_there_are_no_examples(calcom):
    calcom.faults.add("503", method="GET", count=None)
    place_examples()
    assert not Hold.objects.exists()
