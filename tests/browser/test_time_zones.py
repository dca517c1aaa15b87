"""The clock in the header: zones that the browser does not know, and clocks that go back."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from tests.browser.user import User
from tests.future_dates import BACK

OLD_BROWSER = """
const Format = Intl.DateTimeFormat;
Intl.DateTimeFormat = function (language, options) {
  if (options?.timeZone) throw new RangeError("Invalid time zone specified");
  return new Format(language, options);
};
"""


def test_unknown_zone_stops_no_countdown(ada: User) -> None:
    ada.page.add_init_script(OLD_BROWSER)
    ada.place()

    before = ada.seconds_left()

    expect(ada.page.locator("[data-clock]")).to_have_text("")
    assert 0 < before <= 15 * 60
    ada.page.wait_for_function(
        "shown => document.querySelector('main .left').textContent !== shown",
        arg=ada.page.locator("main .left").first.inner_text(),
    )


def test_clock_has_its_offset_where_the_hour_occurs_twice(ada: User) -> None:
    def answer_in_that_hour(route: Route) -> None:
        answer = route.fetch()
        now = rf'\g<1>content="{BACK}T00:30:00.000Z"'
        page = re.sub(r'(<meta name="now"\s+)content="[^"]*"', now, answer.text())
        route.fulfill(response=answer, body=page)

    ada.page.route("**/look-up", answer_in_that_hour)
    ada.page.goto("/look-up")

    expect(ada.page.locator("[data-clock]")).to_have_text(
        re.compile(r"^02:3\d:\d\d (GMT\+2|CEST)$")
    )
