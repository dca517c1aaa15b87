"""Browsers that do not know a person's time zone."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.user import User, with_scripts

OLD_BROWSER = """
const Format = Intl.DateTimeFormat;
Intl.DateTimeFormat = function (language, options) {
  if (options?.timeZone) throw new RangeError("Invalid time zone specified");
  return new Format(language, options);
};
"""


@with_scripts
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
