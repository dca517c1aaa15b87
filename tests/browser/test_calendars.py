"""A desk for many people: who is free first, a clash, and the wallboard."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from dashboard.sandbox import demo_world
from tests.browser.product import Product, running_product
from tests.browser.test_picker import record_keys
from tests.browser.user import DESKTOP, PHONE, OpenBrowser
from tests.future_dates import day

CALENDARS = ("anna.rossi", "jose.garcia", "zofia.wisniewska", "marek.dvorak", "soren.ostergaard")
ULTRASOUND = "1031"
TIME = "#times a.time"
WALL = {"width": 1920, "height": 1080}
LEAST = 0.025  # of the width: letters that are read from three metres
# Opens each menu, and returns those whose list is cut at an edge of the window.
CUT_MENUS = """() => [...document.querySelectorAll("details.menu")].filter((menu) => {
  menu.open = true;
  const cut = [...menu.children].map((part) => part.getBoundingClientRect())
    .some((box) => box.left < 0 || box.right > innerWidth);
  menu.open = false;
  return cut;
}).map((menu) => menu.textContent.trim().slice(0, 20))"""
# Whether a text takes several lines.
IS_BROKEN = """(element) => {
  const words = document.createRange();
  words.selectNodeContents(element);
  return new Set([...words.getClientRects()].map((box) => box.top)).size > 1;
}"""
# Whether the name of a holder takes more lines than it has words.
IS_CUT = """(name) => {
  const words = document.createRange();
  const cell = document.querySelector("td.by");
  cell.textContent = name;
  words.selectNodeContents(cell);
  return new Set([...words.getClientRects()].map((box) => box.top)).size > 2;
}"""


@pytest.fixture(scope="module")
def practice(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("practice"), demo_world(day(0))) as product:
        for name in CALENDARS:
            answer = product.post("vera", "/calendars/", {"typed": name, "colour": "teal"})
            assert answer.status_code == 200, answer.text
        yield product


@pytest.fixture
def product(practice: Product) -> Product:
    """Return the practice with nothing held, for the people of ``open_browser``."""
    practice.reset()
    return practice


def test_next_free_with_anyone_takes_few_keys(open_browser: OpenBrowser) -> None:
    ada = open_browser("ada")
    keys = record_keys(ada)
    ada.page.goto("/")
    ada.page.keyboard.press("f")
    expect(ada.page.locator("#id_client_name")).to_be_focused()
    ada.page.keyboard.type("Hedy")
    ada.page.keyboard.press("Enter")
    assert ada.hold_id
    ada.expect_text("Hedy")

    assert len(keys) - len("Hedy") <= 6, keys


def test_menus_open_within_the_window(open_browser: OpenBrowser) -> None:
    """Also at widths between a phone's and a desk's, where a line wraps before the menu."""
    vera = open_browser("vera")
    vera.place()
    vera.page.goto("/?tab=everyone")
    expect(vera.page.locator("details.menu")).to_have_count(3)
    cut = {}
    for width in range(320, 1441, 32):
        vera.page.set_viewport_size({"width": width, "height": 900})
        cut |= {width: names} if (names := vera.page.evaluate(CUT_MENUS)) else {}
    assert cut == {}


def test_event_type_is_found_as_it_is_typed(open_browser: OpenBrowser) -> None:
    ada = open_browser("ada")
    ada.page.goto(f"/holds/new?day={day(0)}")  # today he may have no time left
    field = ada.page.get_by_role("combobox", name="What")
    field.press("ArrowDown")
    expect(ada.page.get_by_role("option").first).to_be_visible()
    ada.check_page("choose-open")
    field.fill("garcia FIRST")
    expect(ada.page.get_by_role("option")).to_have_count(1)
    field.press("Enter")
    expect(field).to_have_value("First appointment · 45 min · Dr José García Núñez")
    expect(ada.page).to_have_url(re.compile("event_type_id=1020"))
    expect(field).to_be_focused()
    entered = ada.page.locator("#wish:not([data-typed]) #id_event_type_id_find")
    expect(entered).to_have_value("First appointment · 45 min · Dr José García Núñez")
    field.fill("nothing like it")
    expect(ada.page.get_by_role("option")).to_have_count(0)
    field.press("Escape")
    expect(field).to_have_value("First appointment · 45 min · Dr José García Núñez")
    ada.page.locator(TIME).first.click()
    expect(ada.field("client_name")).to_be_focused()
    expect(ada.page.locator("#pick [name=event_type_id]")).to_have_value("1020")


def test_search_without_a_network_says_that_typed_text_is_kept(open_browser: OpenBrowser) -> None:
    ada = open_browser("ada")
    ada.page.goto("/holds/new")
    ada.fill(client_name="Emmy Noether")
    ada.page.context.set_offline(True)
    ada.page.get_by_role("link", name="Who can see them first?").click()
    expect(ada.page.locator("#banner")).to_contain_text("What you typed is still here")
    expect(ada.field("client_name")).to_have_value("Emmy Noether")
    ada.page.context.set_offline(False)
    ada.complaints.clear()  # the browser reports the request that failed


def test_two_people_are_offered_and_one_is_kept(
    open_browser: OpenBrowser, product: Product
) -> None:
    ada = open_browser("ada")
    ada.page.goto("/holds/new")
    with ada.page.expect_navigation():
        ada.page.get_by_role("link", name="Who can see them first?").click()
    ada.page.locator("#pick [name=title]").select_option("First appointment")
    expect(ada.page.locator(TIME, has_text="Marek")).to_have_count(0)
    ada.check_page("first-day")
    ada.page.get_by_role("link", name="Week", exact=True).click()
    expect(ada.page.locator(".days.week")).to_have_count(1)
    ada.check_variant("first-week")
    ada.page.locator(TIME, has_text="Anna").first.click()
    ada.fill(client_name="Emmy Noether")
    ada.press("Hold and add another option")
    ada.expect_text("Another option for the client of")
    with ada.page.expect_navigation():  # the page before it has a week too
        ada.page.get_by_role("link", name="Who can see them first?").click()
    ada.page.get_by_role("link", name="Week", exact=True).click()  # today he may have none left
    ada.page.locator(TIME, has_text="José").last.click()
    expect(ada.field("client_name")).to_have_value("Emmy Noether")
    ada.press("Hold this time")
    assert ada.hold_id
    ada.page.get_by_role("link", name="2 of 2 times offered").click()
    ada.page.get_by_role("button", name="They chose this one").first.click()

    expect(ada.page.get_by_role("button", name="They chose this one")).to_have_count(0)
    ada.expect_text("Emmy Noether")
    assert len(product.starts()) == 1


def test_colleague_is_told_of_a_clash_on_a_phone(
    open_browser: OpenBrowser, product: Product
) -> None:
    at = product.free_time().replace(hour=12)
    product.place("ada", at, "Ada's client", event_type_id="1030")
    grace = open_browser("grace", viewport=PHONE)
    grace.refusals.add(409)
    grace.page.goto(f"/holds/new?event_type_id={ULTRASOUND}&slot_start={at:%Y-%m-%dT%H:%M}")
    grace.fill(client_name="Mary")
    grace.press("Hold this time")
    grace.expect_text("Dr Zofia Wiśniewska is held at this time already.")
    grace.expect_text("Ada's client")
    grace.press("Hold it anyway")
    assert grace.hold_id
    grace.expect_text("Dr Zofia Wiśniewska is also held 12:00–13:00 for Ada's client (by ada).")
    grace.page.goto("/?tab=everyone")
    expect(grace.page.locator(".clash")).to_have_count(2)
    cell = grace.page.locator("td.calendar-cell").first
    assert cell.bounding_box()["x"] == grace.page.locator("td.client").first.bounding_box()["x"]  # type: ignore[index]
    grace.check_page("board-clash")


def test_long_name_in_a_clash_takes_one_line_of_the_board(
    open_browser: OpenBrowser, product: Product
) -> None:
    at = product.free_time().replace(hour=12)
    long = "Anneliese Brandstätter-Hohenwarth von und zu Guttenberg"
    product.place("ada", at, long, event_type_id="1030")
    product.place("ada", at, "Mary", event_type_id=ULTRASOUND)
    ada = open_browser("ada")
    broken = []
    for width in (DESKTOP["width"], PHONE["width"]):
        ada.page.set_viewport_size({"width": width, "height": 900})
        ada.page.goto("/")
        names = ada.page.locator(".clash bdi").all()
        assert len(names) >= 4  # who is needed, and for whom
        broken += [(width, name.text_content()) for name in names if name.evaluate(IS_BROKEN)]
    assert broken == []


def test_wallboard_is_read_from_three_metres(open_browser: OpenBrowser, product: Product) -> None:
    screen = open_browser("screen", viewport=WALL)
    screen.page.goto("/wallboard")
    screen.expect_text("No hold is live at the moment.")
    product.place("ada", product.free_time(), "Hedy Lamarr")
    screen.poll()
    expect(screen.page.locator("#board tbody tr")).to_have_count(1)
    expect(screen.page.locator("main")).not_to_contain_text("Hedy")
    sizes = screen.page.evaluate(
        "Array.from(document.querySelectorAll('main :is(h1, th, td, p)'),"
        " (each) => parseFloat(getComputedStyle(each).fontSize))"
    )
    assert min(sizes) >= LEAST * WALL["width"]
    screen.check_page("wallboard")
    screen.page.set_viewport_size(WALL)
    screen.page.context.set_offline(True)
    stale = screen.page.locator("[data-freshness]")
    expect(stale).to_contain_text("Not updated since")
    size = float(stale.evaluate("(each) => parseFloat(getComputedStyle(each).fontSize)"))
    assert size >= LEAST * WALL["width"]
    screen.page.context.set_offline(False)
    screen.complaints.clear()  # of a poll meanwhile


def test_board_shows_one_calendar(open_browser: OpenBrowser, product: Product) -> None:
    ada = open_browser("ada", viewport=DESKTOP)
    at = product.free_time()
    product.place("ada", at.replace(hour=11), "Of Zofia", event_type_id="1030")
    product.place("ada", at.replace(hour=9), "Of Marek", event_type_id="1060")
    ada.page.goto("/?tab=everyone")
    ada.page.set_viewport_size(PHONE)
    ada.page.locator("summary", has_text="All calendars").click()
    marek = ada.page.get_by_role("button", name="Marek Dvořák")
    expect(marek).to_be_in_viewport(ratio=1)
    marek.click()
    expect(ada.page.locator("#board tbody tr")).to_have_count(1)
    expect(ada.page.locator("#board")).to_contain_text("Of Marek")
    ada.check_page("board-calendar")
    ada.page.locator("summary", has_text="Marek Dvořák").click()
    ada.page.get_by_role("button", name="All calendars").click()
    expect(ada.page.locator("#board tbody tr")).to_have_count(2)


@pytest.mark.parametrize("is_signed_in", [True, False], ids=["signed-in", "signed-out"])
def test_a_search_with_anyone_gives_the_typed_text_back(
    open_browser: OpenBrowser, is_signed_in: bool
) -> None:
    ada = open_browser("ada")
    ada.page.goto("/holds/new")
    ada.fill(client_name="Sophie", note="called at nine")
    if not is_signed_in:
        ada.page.context.clear_cookies(name="holdfast_session")
    chosen = ada.page.locator("#pick [name=event_type_id]").input_value()
    with ada.page.expect_request(f"**/holds/first?*like={chosen}*"):
        ada.page.get_by_role("link", name="Next free with anyone").click()
    if not is_signed_in:
        ada.expect_text("What you typed is kept")
        ada.sign_in()
    ada.expect_text("Not saved yet. What you typed is back in the form.")
    expect(ada.field("client_name")).to_have_value("Sophie")
    expect(ada.field("note")).to_have_value("called at nine")
    slot = ada.field("slot_start").input_value().replace(":", "%3A")
    ada.expect_query(f"slot_start={slot}")


def test_no_page_is_too_wide_where_letters_are_twice_as_large(open_browser: OpenBrowser) -> None:
    """Only a desk with calendars has these buttons beside the heading."""
    ada = open_browser("ada", viewport=PHONE)
    widths = {}
    for path in ("/", "/holds/new", "/holds/first"):
        ada.page.goto(path)
        ada.page.evaluate("document.documentElement.style.fontSize = '32px'")
        widths[path] = ada.page.evaluate("document.documentElement.scrollWidth")
    assert widths == dict.fromkeys(widths, PHONE["width"])


@pytest.mark.parametrize("scripts", [False], indirect=True)
def test_search_has_room_beside_its_button(open_browser: OpenBrowser) -> None:
    ada = open_browser("ada", viewport=PHONE)
    ada.page.goto("/")
    box = ada.page.locator(".find [name=find]").bounding_box()
    assert box
    assert box["width"] > PHONE["width"] / 2


def test_event_type_client_and_holder_have_room_beside_the_calendar(
    open_browser: OpenBrowser, product: Product
) -> None:
    # The columns have fixed widths, and the client what is left.
    product.place("ada", product.free_time(), "Zoë")
    ada = open_browser("ada")
    ada.page.goto("/")
    cell = ada.page.locator("td.client")
    kind = ada.page.locator("tbody th small").first
    kind.evaluate("(kind) => (kind.textContent = 'First appointment')")
    narrow = {}
    for width in (1260, 1280, 1366, DESKTOP["width"], WALL["width"]):
        ada.page.set_viewport_size({"width": width, "height": 900})
        for language in ("en", "de"):
            ada.page.evaluate(f"document.documentElement.lang = '{language}'")
            narrow[width, language] = cell.evaluate("(cell) => cell.clientWidth") < 12 * 16
            narrow[width, language] |= ada.page.evaluate(IS_CUT, "Bartholomäus Schwarzenberger")
            narrow[width, language] |= kind.evaluate(IS_BROKEN)
    assert narrow == dict.fromkeys(narrow, False)
