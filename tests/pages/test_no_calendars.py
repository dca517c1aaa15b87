"""No calendar can be compared: *Who can see them first?* says why, and who can change that."""

import re

import pytest

from dashboard.accounts.models import User
from dashboard.sandbox import Sandbox
from tests.future_dates import day
from tests.holds.verbs import STRANGERS
from tests.pages.calendar_rows import calendar
from tests.pages.desk import desk
from tests.pages.test_first_free import listed

pytestmark = pytest.mark.slow  # details of a page

PATH = f"/holds/first?day={day(0)}"


def test_without_calendars_the_page_says_what_to_do(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    staffs, admins = (desk(user).get(PATH).content.decode() for user in (staff, admin))

    assert "An Admin can add calendars." in staffs
    assert 'href="/calendars/#add">Add a calendar' in admins
    for page in (staffs, admins):
        assert "There are no calendars to compare yet." in page
        assert "Choose calendars" not in page
        assert "Choose event types" in page
        assert not re.search(r"Consult 60\s+· Consult 60", page)  # its own label is its title


def test_where_no_calendar_takes_holds_nothing_is_to_be_compared(
    calcom: Sandbox, staff: User
) -> None:
    for label in ("Away", "Off"):
        calendar(label, listed(STRANGERS), is_paused=True)
    page = desk(staff).get("/holds/new").content.decode()

    assert re.findall(r"/holds/first\?(like[^\"]*)", page) == ["like=", "like=&amp;next=yes"]


def test_where_no_calendar_takes_holds_the_page_says_whom_to_ask(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    calendar("Away", listed(STRANGERS), is_paused=True)
    staffs, admins = (desk(user).get(PATH).content.decode() for user in (staff, admin))

    assert re.search(
        r"No calendar takes new holds from you at the moment\.\s+Ask an Admin\.", staffs
    )
    assert 'href="/calendars/">See the calendars' in admins
    for page in (staffs, admins):
        assert "Choose calendars" not in page
        assert "No calendar offers this." not in page
