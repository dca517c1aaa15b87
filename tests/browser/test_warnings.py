"""Warnings of holds that end in a minute or two, on every page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.product import Product
from tests.browser.user import OpenBrowser, User

MINUTE = 60  # seconds
# By how many minutes one hold ends later after fifteen more: what it then has left is rounded up.
EXTENDED = ([15], [16])
# Records everything that is read out, in order.
LISTEN = """
window.heard = [];
document.addEventListener("holdfast:say", (event) => window.heard.push(event.detail));
"""


def heard(user: User) -> list[str]:
    """Return what was said of holds that end, without the seconds."""
    said = user.page.evaluate("window.heard")
    return [re.sub(r"\d+ seconds", "… seconds", one) for one in said if "hold of" in one]


def test_amber_then_red_on_any_page_and_one_key_extends(ada: User, product: Product) -> None:
    ada.page.add_init_script(LISTEN)
    pk = ada.place(None, "Marta Ferri", reservation_duration="2")
    item = ada.page.locator(f"#w{pk}")
    expect(item).to_have_class("soon")
    expect(ada.page.locator("#status")).to_contain_text("Your hold of")
    expect(item).to_contain_text("Marta Ferri")
    expect(ada.page).to_have_title(re.compile(r"^\(1\) .+ · Holdfast$"))
    slot = item.locator("[data-slot]").inner_text()
    assert heard(ada) == [f"Your hold of {slot} ends in … seconds."]

    ada.page.goto("/settings/")
    expect(item).to_have_class("soon")
    assert heard(ada) == []  # it was said before
    ada.pass_time(ada.seconds_left(f"#w{pk}") - MINUTE)
    expect(item).to_have_class("last")
    assert 0 <= ada.seconds_left(f"#w{pk}") <= 60
    assert heard(ada) == [f"Last minute: your hold of {slot} ends in … seconds."]
    ada.check_variant("warned-last")

    before = product.ends()
    ada.page.keyboard.press("e")
    expect(item).to_be_hidden()
    expect(ada.page.locator("#messages")).to_contain_text("is held until")
    expect(ada.page).to_have_title("Settings · Holdfast")
    ada.expect_path("/settings/")
    assert product.minutes_gained(before) in EXTENDED


def test_a_hold_that_runs_out_is_told_and_offered_again(
    open_browser: OpenBrowser, product: Product
) -> None:
    ada, grace = open_browser("ada"), open_browser("grace")
    pk = product.place("grace", product.free_time(), "Li Wen", reservation_duration="1")
    grace.page.add_init_script(LISTEN)
    grace.page.goto("/")
    ada.page.goto("/")
    expect(grace.page.locator(f"#w{pk}")).to_have_class("last")
    expect(grace.page.locator(f"#h{pk} .left")).to_have_class(re.compile(r"\blast\b"))
    expect(ada.page.locator(f"#h{pk}")).to_contain_text("Li Wen")
    expect(ada.page.locator(f"#w{pk}")).to_have_count(0)
    slot = grace.page.locator(f"#w{pk} [data-slot]").inner_text()
    left = grace.seconds_left(f"#w{pk}")
    product.pass_time(left)
    product.calcom.forget_calls()
    for user in (ada, grace):
        user.wake_after(left)
        expect(user.page.locator(f"#h{pk}")).to_have_count(0)
    ended = grace.page.locator(f"#w{pk}")
    expect(ended).to_have_class("over")
    expect(grace.page.locator("#status")).to_contain_text(f"{slot} ran out.")
    expect(ended).to_contain_text("ran out")
    expect(ended.get_by_role("button")).to_have_count(0)
    expect(grace.page).to_have_title("Board · Holdfast")
    assert product.calcom.calls() == []
    ended.get_by_role("link", name="Hold again").click()
    expect(grace.field("client_name")).to_have_value("Li Wen")
    grace.check_page("warned-over")
    grace.page.goto("/?tab=ended")
    expect(grace.page.locator(f"#e{pk}")).to_contain_text("expired")
    grace.check_page("board-ended")


def test_the_board_warns_in_amber_and_red(ada: User) -> None:
    soon, last = (ada.place(reservation_duration=minutes) for minutes in ("2", "1"))
    ada.page.goto("/")
    expect(ada.page.locator(f"#w{soon}")).to_have_class("soon")
    expect(ada.page.locator(f"#w{last}")).to_have_class("last")
    ada.check_page("board-warned")


def test_the_bar_extends_on_any_page(ada: User, product: Product) -> None:
    pk = ada.place(None, "Joseph Okafor", reservation_duration="1")
    ada.page.goto("/settings/")
    item = ada.page.locator(f"#w{pk}")
    expect(item).to_have_class("last")
    expect(item).to_contain_text("held until")
    before = product.ends()
    ada.page.locator(f"#w{pk} button").click()
    expect(item).to_be_hidden()
    assert product.minutes_gained(before) in EXTENDED


# What the bar covers while it has the focus.
COVERED = """() => {
  const bar = document.getElementById("warnings");
  return [...document.querySelectorAll("a, button, input, select, summary")].filter((part) => {
    part.focus();
    if (part !== document.activeElement || bar.contains(part)) return false;
    return part.getBoundingClientRect().bottom > bar.getBoundingClientRect().top + 1;
  }).map((part) => part.outerHTML.slice(0, 160));
}"""
TOAST_IS_ABOVE = """() => {
  const [toast, bar] = [".messages.toast .notice", "#warnings li"].map(
    (selector) => document.querySelector(selector)?.getBoundingClientRect());
  return toast && bar && toast.bottom < bar.top;
}"""

# Whether nothing covers the middle of an element, and it is within the window.
IS_ON_TOP = """(part) => {
  const { x, y, width, height } = part.getBoundingClientRect();
  return document.elementFromPoint(x + width / 2, y + height / 2) === part;
}"""


@pytest.mark.parametrize("size", [(1440, 900), (390, 700)], ids=["desktop", "phone"])
def test_the_bar_covers_nothing_that_is_used(
    open_browser: OpenBrowser, product: Product, size: tuple[int, int]
) -> None:
    holds = [
        product.place("vera", product.free_time(), "Grace Hopper", reservation_duration="2")
        for _ in range(3)
    ]
    vera = open_browser("vera", viewport={"width": size[0], "height": size[1]})
    for path in ("/", "/holds/new", "/admin/dashboard/user/add/"):
        vera.page.goto(path)
        expect(vera.page.locator("#warnings li:visible")).to_have_count(3)
        assert vera.page.evaluate(COVERED) == []
    vera.page.goto("/holds/new")
    vera.page.locator(f"#w{holds[0]} button").click()
    vera.page.wait_for_function(TOAST_IS_ABOVE)  # once the next tick has counted the warnings
    vera.page.goto("/")
    vera.page.locator(f"#w{holds[1]} button").click()
    expect(vera.page.locator("#warnings li:visible")).to_have_count(1)
    vera.page.get_by_role("button", name="Pause updates").click()
    for selector in ("[data-freshness]", "[data-pause]"):
        assert vera.page.locator(selector).evaluate(IS_ON_TOP), selector
    vera.page.locator(f"#w{holds[2]} button").click()
    expect(vera.page.locator(f"#h{holds[2]} .left")).to_have_text(re.compile(r"^1[67]:"))


def test_on_the_holds_own_page_the_answer_replaces_it(ada: User) -> None:
    pk = ada.place(None, "Ivan Petrov", reservation_duration="1")
    ada.page.locator(f"#w{pk} button").click()
    expect(ada.page.locator("#hold .story")).to_contain_text("extended")
    expect(ada.page.locator("#hold .left").first).to_have_text(re.compile(r"^1[56]:"))


def test_warnings_of_one_moment_are_all_read_out(ada: User, product: Product) -> None:
    pks = [product.place("ada", product.free_time(), "Li Wen", reservation_duration="1")]
    pks.append(product.place("ada", product.free_time(), "Noor Haddad", reservation_duration="1"))
    ada.page.goto("/look-up")
    for pk in pks:
        slot = ada.page.locator(f"#w{pk} [data-slot]").inner_text()
        expect(ada.page.locator("#status")).to_contain_text(f"your hold of {slot} ends")


# At 400 % zoom on a computer, and at 200 % on a phone.
@pytest.mark.parametrize(("width", "height"), [(320, 256), (195, 422)])
def test_buttons_of_the_first_warning_are_in_view_zoomed_in(
    open_browser: OpenBrowser, product: Product, width: int, height: int
) -> None:
    names = ("Maximiliana Featherstonehaugh-Cholmondeley", "Marta Ferri")
    pks = [
        product.place("ada", product.free_time(), name, reservation_duration="1") for name in names
    ]
    ada = open_browser("ada", viewport={"width": width, "height": height})
    ada.page.goto("/")
    first = ada.page.locator(f"#w{pks[0]}")
    expect(first).to_have_class("last")
    for part in (first.locator("[data-slot]"), first.locator("button"), first.locator("a").last):
        expect(part).to_be_in_viewport(ratio=1)
    ada.page.locator(f"#h{pks[0]} [type=checkbox]").check()
    for button in ada.page.locator("#live .under > .button").all():
        button.scroll_into_view_if_needed()
        expect(button).to_be_in_viewport(ratio=1)
