"""Cost of a visit and stillness of pages, measured by the browser itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import CDPSession, expect

from dashboard.localization.time_zones import places
from tests.browser.product import WEEK, ZONE, Product
from tests.browser.slow_proxy import slow_proxy
from tests.browser.user import DESKTOP, PHONE, OpenBrowser, User

FIRST_VISIT = 65_000  # bytes over the wire, headers and a poll of a slow machine included
# Collects every layout shift, also of the time before this runs, and those that follow an input.
COLLECT_SHIFTS = """
window.shifts = [];
const box = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
const moved = ({ node, previousRect, currentRect }) =>
  `${box(previousRect)} to ${box(currentRect)}: ${node?.outerHTML?.slice(0, 90)}`;
const line = (one) => `${one.value}: ${one.sources.slice(0, 2).map(moved).join("; ")}`;
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(line)))
  .observe({ type: "layout-shift", buffered: true });
"""
# Resolves when two frames have been painted, and with them the shifts have been reported.
PAINTED = """new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""
# Controls that are smaller than a finger needs. Links within a sentence may be.
SMALL = """() => [...document.querySelectorAll("a[href], button, summary, input, select, textarea")]
  .map((part) => part.matches("[type=checkbox], [type=radio]") ? part.closest("label") : part)
  .filter((part) => part?.checkVisibility({ contentVisibilityAuto: true }))
  .filter((part) => !part.closest("p:not(.back), .hide, [type=hidden]"))
  .filter((part) => {
    const { width, height } = part.getBoundingClientRect();
    return Math.min(width, height) < 43.5;
  })
  .map((part) => part.outerHTML.slice(0, 160))"""


class Meter:
    """Count the bytes that the browser receives, redirects too."""

    def __init__(self, session: CDPSession) -> None:
        self.bytes = 0
        session.on("Network.loadingFinished", lambda end: self._add(end["encodedDataLength"]))
        session.on("Network.requestWillBeSent", self._note)
        session.send("Network.enable")

    def _note(self, asked: dict[str, dict[str, float]]) -> None:
        self._add(asked.get("redirectResponse", {}).get("encodedDataLength", 0))

    def _add(self, more: float) -> None:
        self.bytes += round(more)


def test_a_first_visit_is_small_and_moves_nothing(
    open_browser: OpenBrowser, product: Product
) -> None:
    product.place("grace", product.free_time(), "Hedy Lamarr")
    user = open_browser("ada", is_signed_in=False)
    user.page.add_init_script(COLLECT_SHIFTS)
    meter = Meter(user.page.context.new_cdp_session(user.page))
    assert shifts_on_opening(user, "/") == []
    expect(user.page.get_by_role("heading", name="Sign in")).to_be_visible()
    signing_in = meter.bytes
    user.sign_in()
    expect(user.page.locator("#board tbody tr").first).to_be_visible()
    user.page.wait_for_load_state("load")
    assert 0 < signing_in < meter.bytes <= FIRST_VISIT, meter.bytes


class TestLayoutShifts:
    """Nothing moves, on any page."""

    @pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
    def size(self, request: pytest.FixtureRequest) -> dict[str, int]:
        return dict(request.param)

    @pytest.fixture
    def vera(self, open_browser: OpenBrowser, size: dict[str, int]) -> User:
        user = open_browser("vera", viewport=size)
        user.page.add_init_script(COLLECT_SHIFTS)
        return user

    @pytest.fixture
    def late_in_the_evening(self, product: Product) -> None:
        """Give Vera a time zone in which 100 minutes end tomorrow, and the test today."""
        zone = next(name for name in places() if is_late_in(ZoneInfo(name)))
        product.post("vera", "/settings/", {"density": "roomy", "time_zone": zone})

    def test_while_a_page_opens(self, vera: User, product: Product) -> None:
        pk = product.place("vera", product.free_time(), "Hedy Lamarr", note="needs the ramp")
        paths = ["/?tab=mine", "/?tab=attention", "/?tab=ended", "/holds/new", "/look-up"]
        paths += [f"/holds/{pk}/move", "/audit/1/", "/settings/"]
        paths += ["/admin/", "/admin/dashboard/user/add/"]
        found = {path: shifts for path in paths if (shifts := shifts_on_opening(vera, path))}
        assert not found

    def test_while_a_page_arrives_piece_by_piece(
        self, open_browser: OpenBrowser, product: Product, size: dict[str, int]
    ) -> None:
        pk = product.place("vera", product.free_time(), "Hedy Lamarr", note="needs the ramp")
        paths = ["/", f"/holds/{pk}/", WEEK, "/audit/"]
        paths += ["/admin/dashboard/user/"]
        with slow_proxy() as proxy:
            user = open_browser("vera", viewport=size, proxy={"server": proxy})
            user.page.add_init_script(COLLECT_SHIFTS)
            found = {path: shifts for path in paths if (shifts := shifts_on_opening(user, path))}
            assert not found

    def test_while_the_board_ticks_and_polls(self, vera: User, product: Product) -> None:
        pk = product.place("vera", product.free_time(), "Hedy Lamarr")
        vera.page.goto("/")
        with vera.page.expect_response("**/board?tab=*"):
            vera.poll()
        before = vera.seconds_left(f"#h{pk}")
        text = f"{before // 60}:{before % 60:02}"
        expect(vera.page.locator(f"#h{pk} .left")).not_to_have_text(text)
        assert vera.page.evaluate("window.shifts") == []

    def test_while_a_board_opens_with_an_end_on_another_day(
        self, vera: User, product: Product, late_in_the_evening: None
    ) -> None:
        """Its text has the day too, and fills what the countdown leaves of a card."""
        for length in ("15", "100"):
            product.place("vera", product.free_time(), "Li Wen", reservation_duration=length)
        assert shifts_on_opening(vera, "/") == []
        expect(vera.page.locator("td.until").last).to_contain_text(re.compile("[A-Z][a-z]+ [0-9]"))

    def test_while_a_colleague_extends_a_hold(self, vera: User, product: Product) -> None:
        """Change the last row, and nothing else."""
        length = minutes_until_one_day()
        fields = {"client_name": "Li Wen", "reservation_duration": str(length)}
        pk = product.place("grace", product.free_time(), **fields)
        vera.page.goto("/")
        row = vera.page.locator(f"#h{pk}")
        version = str(row.get_attribute("data-version"))
        product.post("grace", f"/holds/{pk}/extend", {"reservation_duration": str(length + 10)})
        vera.poll()
        expect(row).not_to_have_attribute("data-version", version)
        vera.page.evaluate(PAINTED)
        assert vera.page.evaluate("window.shifts") == []


def is_late_in(zone: ZoneInfo) -> bool:
    """Return whether today lasts for another half an hour there, but not for 100 minutes."""
    now = datetime.now(UTC)
    today, soon, later = (
        (now + timedelta(minutes=minutes)).astimezone(zone).date() for minutes in (0, 30, 100)
    )
    return today == soon < later


def minutes_until_one_day() -> int:
    """Return the length of a hold that can be ten minutes longer and end on the same day.

    The end on another day is a longer text, with its day.
    """
    now = datetime.now(ZONE)
    ends = {(now + timedelta(minutes=length)).date() for length in (100, 112)}
    return 100 if len(ends) == 1 else 60


def shifts_on_opening(user: User, path: str) -> list[str]:
    """Open the page and return what moved until it was at rest."""
    user.page.goto(path, wait_until="load")
    user.page.evaluate(PAINTED)
    return [str(shift) for shift in user.page.evaluate("window.shifts.slice(0, 2)")]


def test_controls_on_a_phone_are_in_reach_and_as_large_as_a_finger(
    open_browser: OpenBrowser, product: Product
) -> None:
    gone, live = (
        product.place("ada", product.free_time(), "Hedy Lamarr", note="calls back")
        for _ in range(2)
    )
    product.post("ada", f"/holds/{gone}/release", {})
    user = open_browser("ada", viewport=PHONE, has_touch=True, is_mobile=True)
    paths = ["/", "/?tab=mine", "/?tab=ended", f"/holds/{gone}/", f"/holds/{live}/"]
    paths += ["/holds/new", WEEK, f"/holds/{live}/move"]
    paths += ["/look-up", "/settings/", "/accounts/password/"]
    found = {}
    for path in paths:
        user.page.goto(path)
        found[path] = user.page.evaluate(SMALL)
    offer = product.post("ada", "/offers/new", {"hold": str(live)}).url.params["offer"]
    product.place("ada", product.free_time(), "Hedy Lamarr", offer=offer)
    user.page.goto(f"/holds/{live}/")
    found["offered"] = user.page.evaluate(SMALL)
    for part in ("#add-15", "a[href$='/move']", "a[href='#release']"):
        expect(user.page.locator(part)).to_be_in_viewport(ratio=1)
    vera = open_browser("vera", viewport=PHONE, has_touch=True, is_mobile=True)
    for path in ("/audit/?find=nothing-like-it", "/audit/pictures"):
        vera.page.goto(path)
        found[path] = vera.page.evaluate(SMALL)
    assert {path: small for path, small in found.items() if small} == {}


# As people set their letters who read with difficulty: WCAG 2.2, 1.4.12.
SPACE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important;
    word-spacing: .16em !important; }`);
  document.adoptedStyleSheets = [sheet];
}"""
# What reaches beyond the screen or its own box, but for what is read out only.
OUTSIDE = """() => [...document.querySelectorAll("header *, main *, #warnings *")]
  .filter((part) => part.getClientRects().length && !part.closest(".hide, svg, .menu"))
  .filter((part) => part.getBoundingClientRect().right > innerWidth + 1 ||
    (part.matches("td, .button, .time, h1") && part.scrollWidth > part.clientWidth + 1))
  .map((part) => part.outerHTML.slice(0, 160))"""


def test_nothing_is_cut_where_letters_are_twice_as_large(
    open_browser: OpenBrowser, product: Product
) -> None:
    pk = product.place("ada", product.free_time(), "Hedy Lamarr", note="needs the ramp")
    product.place("ada", product.free_time(), "Li Wen", reservation_duration="2")
    user = open_browser("ada", viewport=PHONE)
    found = {}
    for path in ("/", f"/holds/{pk}/", f"/holds/{pk}/move", "/holds/new?event_type_id=1"):
        user.page.goto(path)
        user.page.evaluate("document.documentElement.style.fontSize = '32px'")
        found[path] = user.page.evaluate(OUTSIDE)
    assert {path: outside for path, outside in found.items() if outside} == {}


def test_nothing_is_cut_where_letters_are_far_apart(
    open_browser: OpenBrowser, product: Product
) -> None:
    product.place("vera", product.free_time(), "Hedy Lamarr")
    user = open_browser("vera")
    found = {}
    for path, width in (("/", 1440), ("/audit/", 320), ("/audit/?person=system", 320)):
        user.page.set_viewport_size({"width": width, "height": 900})
        user.page.goto(path)
        user.page.evaluate(SPACE)
        found[path] = user.page.evaluate(OUTSIDE)
    assert {path: outside for path, outside in found.items() if outside} == {}


def test_filters_of_the_log_take_two_lines(open_browser: OpenBrowser) -> None:
    vera = open_browser("vera", viewport={"width": 1280, "height": 900})
    vera.page.goto("/audit/?outcome=ok")
    lines = """new Set([...document.querySelectorAll("form.filters > :not(.more)")]
      .map((part) => Math.round(part.getBoundingClientRect().bottom))).size"""
    assert vera.page.evaluate(lines) == 2


def test_nothing_is_cut_where_a_typed_word_is_long(
    open_browser: OpenBrowser, product: Product
) -> None:
    """Client, contact and search may be one word that is wider than a phone."""
    word = "w" * 100
    gone = product.place("vera", product.free_time(), word)
    product.calcom.remove_reservations()
    product.post("vera", f"/holds/{gone}/check", {})
    pk = product.place("vera", product.free_time(), word, client_contact=f"{word}@example.org")
    user = open_browser("vera", viewport=PHONE)
    user.page.goto(f"/audit/searches/?find={word}")
    user.fill(name="W" * 60)
    user.press("Save")
    user.expect_text("Saved: ")
    found = {}
    paths = ["/?tab=attention", "/?tab=mine", f"/release?hold={pk}", f"/holds/{pk}/move"]
    for path in (*paths, f"/audit/?find={word}", f"/audit/?find=client:{pk}"):
        user.page.goto(path)
        expect(user.page.locator("main")).to_contain_text(re.compile(word, re.IGNORECASE))
        found[path] = user.page.evaluate(OUTSIDE)
    product.post("vera", f"/holds/{gone}/put-aside", {})
    assert {path: outside for path, outside in found.items() if outside} == {}


class TestAfterASwap:
    """A page that came by a swap looks like the same page opened by its address."""

    def test_the_hold_and_the_free_times_of_another_option(
        self, ada: User, product: Product
    ) -> None:
        width = "document.getElementById('main').getBoundingClientRect().width"
        pk = ada.place_by_form(product.free_time())
        ada.page.wait_for_function("scrollY === 0")
        swapped = ada.page.evaluate(width)
        ada.page.reload()
        assert swapped == ada.page.evaluate(width)
        ada.press("Add another option")
        free = ada.page.locator("#times a.time")
        expect(free.first).to_have_css("display", "grid")
        free.first.focus()
        ada.page.keyboard.press("ArrowRight")
        expect(free.nth(1)).to_be_focused()
        ada.page.goto(f"/holds/{pk}/")
        ada.press("Release this time")
        ada.expect_text("Released")
        ada.page.wait_for_function("scrollY === 0")
        ada.expect_path(f"/holds/{pk}/")
