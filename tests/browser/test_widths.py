"""Pages on screens between a phone's and a desk's."""

import pytest
from playwright.sync_api import expect

from tests import future_dates
from tests.browser.product import Product
from tests.browser.user import PHONE, OpenBrowser, User

ABOVE_HOLDS = 220  # pixels of a phone's board; a quarter of its screen
BESIDE = 20  # pixels between two parts that belong together
# What the links and buttons of the header say that a finger in their middle would not press.
COVERED = """() => [...document.querySelectorAll("#header :is(a, button)")].filter((link) => {
  const { left, top, width, height } = link.getBoundingClientRect();
  return document.elementFromPoint(left + width / 2, top + height / 2) !== link;
}).map((link) => link.textContent.trim())"""


@pytest.mark.parametrize("width", [768, 1024, 1152, 1280])
def test_a_week_stands_in_one_line(open_browser: OpenBrowser, width: int) -> None:
    """Look for a weekend below the other days, where it is easily missed."""
    ada = open_browser("ada", viewport={"width": width, "height": 900})
    week = f"view=week&day={future_dates.day(0)}"  # of this week, only the days that are left
    for path in (f"/holds/new?event_type_id=1&{week}", f"/holds/first?{week}"):
        ada.page.goto(path)
        tops = ada.page.locator("section.day").evaluate_all(
            "(days) => days.map((day) => Math.round(day.getBoundingClientRect().top))"
        )
        assert (len(tops), len(set(tops))) == (7, 1), path
        assert ada.page.evaluate("document.documentElement.scrollWidth") == width, path


@pytest.mark.parametrize("width", [961, 1024, 1150, 1201])
def test_the_menu_stands_beside_the_name(open_browser: OpenBrowser, width: int) -> None:
    for name in ("ada", "vera"):
        user = open_browser(name, viewport={"width": width, "height": 900}, locale="de")
        user.page.goto("/settings/")
        tops = [
            user.page.locator(part).bounding_box() or {} for part in (".bar .brand", ".bar .menu")
        ]
        assert len({round(box["y"] + box["height"] / 2) for box in tops}) == 1, name


def test_the_form_of_a_chosen_time_fits_a_usual_screen(ada: User) -> None:
    """Its last field would be cut by the buttons, which stay at the bottom."""
    ada.page.goto("/holds/new?event_type_id=1")
    ada.page.locator("#times a.time").first.click()
    expect(ada.page.locator("#chosen")).to_contain_text("–")
    cut = "(form) => form.scrollHeight - form.clientHeight"
    assert ada.page.locator("#wish").evaluate(cut) == 0


def test_the_holds_come_first_on_a_phone(open_browser: OpenBrowser, product: Product) -> None:
    """Keep the way to a new hold within the thumb's reach, unless holds are selected."""
    pk = product.place("ada", product.free_time(), "Hedy Lamarr", reservation_duration="60")
    for locale in ("en", "de"):
        ada = open_browser("ada", viewport=PHONE, has_touch=True, is_mobile=True, locale=locale)
        ada.page.goto("/")
        place = ada.page.locator("#board .head .primary")
        expect(place).to_be_in_viewport(ratio=1)
        assert (ada.page.locator(f"#h{pk}").bounding_box() or {})["y"] <= ABOVE_HOLDS, locale
        assert (place.bounding_box() or {})["y"] > PHONE["height"] / 2, locale
        ada.page.locator(f"#h{pk} [name=hold]").check()
        expect(place).to_be_hidden()
        expect(ada.page.locator("#live > .under")).to_be_in_viewport(ratio=1)


def test_the_holder_is_below_the_client_on_a_phone_without_calendars(
    open_browser: OpenBrowser, product: Product
) -> None:
    """With calendars the holder is at the end of the line that has the calendar."""
    pk = product.place("ada", product.free_time(), "Hedy Lamarr")
    ada = open_browser("ada", viewport=PHONE)
    ada.page.goto("/")
    client, holder = (
        ada.page.locator(f"#h{pk} td.{name}").bounding_box() or {} for name in ("client", "by")
    )
    assert (holder["x"], holder["y"]) == (client["x"], client["y"] + client["height"])


def test_one_hold_that_needs_attention_is_above_the_others_on_a_phone(
    open_browser: OpenBrowser, product: Product
) -> None:
    lost = [product.place("ada", product.free_time(), f"Lost {number}") for number in range(2)]
    product.calcom.remove_reservations()
    product.post("ada", "/check", {"all": "yes"})
    pk = product.place("ada", product.free_time(), "Hedy Lamarr", reservation_duration="60")
    ada = open_browser("ada", viewport=PHONE)
    ada.page.goto("/")
    entries = ada.page.locator(".attention > li:visible")
    expect(entries).to_have_count(1)
    expect(ada.page.locator(f"#h{pk}")).to_be_in_viewport(ratio=1)
    ada.page.get_by_role("searchbox").fill("lost 0")
    expect(ada.page.locator(f"#a{lost[0]}")).to_be_visible()
    ada.page.get_by_role("searchbox").fill("")
    ada.page.get_by_role("link", name="Show all").click()
    expect(entries).to_have_count(2)
    expect(entries.first.get_by_role("link", name="See options")).to_be_visible()


def test_a_full_wallboard_fits_usual_screens(open_browser: OpenBrowser, product: Product) -> None:
    for _ in range(11):  # one more than it shows
        product.place("ada", product.free_time(), "Hedy Lamarr")
    screen = open_browser("screen", viewport={"width": 1920, "height": 1080})
    screen.page.goto("/wallboard")
    screen.expect_text("and 1 more")
    beyond = {}
    for width, height in ((1920, 1080), (1280, 720), (1440, 900)):
        screen.page.set_viewport_size({"width": width, "height": height})
        below = screen.page.evaluate("document.documentElement.scrollHeight - innerHeight")
        beyond |= {width: below} if below else {}
    assert beyond == {}


@pytest.mark.parametrize("width", [1024, 1440])
def test_tabs_calendars_and_search_are_on_one_line(
    open_browser: OpenBrowser, product: Product, width: int
) -> None:
    product.post("vera", "/calendars/", {"typed": "owner", "colour": "teal"})
    vera = open_browser("vera", viewport={"width": width, "height": 900})
    vera.page.goto("/calendars/")
    row = str(vera.page.locator(".table tbody tr").get_attribute("id"))
    vera.page.goto("/")
    tabs, menu, find = (
        vera.page.locator(f".choose > {part}").bounding_box() or {}
        for part in (".tabs", ".menu", ".find")
    )
    product.post("vera", f"/calendars/{row.removeprefix('calendar-')}/remove", {})
    assert round(tabs["y"] + tabs["height"]) == round(find["y"] + find["height"])
    assert find["x"] - menu["x"] - menu["width"] < BESIDE


def test_roles_of_people_are_in_view_on_a_phone(open_browser: OpenBrowser) -> None:
    vera = open_browser("vera", viewport=PHONE)
    vera.page.goto("/admin/dashboard/user/")
    beyond = "(results) => results.scrollWidth - results.clientWidth"
    assert vera.page.locator("#changelist .results").evaluate(beyond) == 0


def test_no_link_above_the_people_covers_another_on_a_phone(open_browser: OpenBrowser) -> None:
    vera = open_browser("vera", viewport=PHONE)
    vera.page.goto("/admin/dashboard/user/")
    for width in (320, 360, PHONE["width"]):
        vera.page.set_viewport_size({**PHONE, "width": width})
        assert (width, vera.page.evaluate(COVERED)) == (width, [])
