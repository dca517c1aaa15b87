"""What a visit costs and whether the page keeps still, measured by the browser itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, StorageState, expect

from tests.browser.desk import Desk, Sit
from tests.browser.office import Office
from tests.browser.slow_line import slow_line

FIRST_VISIT = 60_000  # bytes as they come over the wire, headers included
POLLS = 11_000  # milliseconds; the board asks every five seconds
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Told of every shift, also of those before this runs, and of those that follow an input.
WATCH = """
window.shifts = [];
const box = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
const moved = ({ node, previousRect, currentRect }) =>
  `${box(previousRect)} to ${box(currentRect)}: ${node?.outerHTML?.slice(0, 90)}`;
const told = (one) => `${one.value}: ${one.sources.slice(0, 2).map(moved).join("; ")}`;
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(told)))
  .observe({ type: "layout-shift", buffered: true });
"""
# What fingers press, where it is smaller than they need. Links within a sentence may be.
SMALL = """() => [...document.querySelectorAll("a[href], button, summary, input, select, textarea")]
  .map((part) => part.matches("[type=checkbox], [type=radio]") ? part.closest("label") : part)
  .filter((part) => part?.checkVisibility() && !part.closest("p:not(.back), .hide, [type=hidden]"))
  .filter((part) => {
    const { width, height } = part.getBoundingClientRect();
    return Math.min(width, height) < 43.5;
  })
  .map((part) => part.outerHTML.slice(0, 160))"""


@pytest.fixture(params=[True], ids=["with-scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


class Meter:
    """Counts what the browser receives, redirects too."""

    def __init__(self, session: CDPSession) -> None:
        self.bytes = 0
        session.on("Network.loadingFinished", lambda end: self._add(end["encodedDataLength"]))
        session.on("Network.requestWillBeSent", self._hear)
        session.send("Network.enable")

    def _hear(self, asked: dict[str, dict[str, float]]) -> None:
        self._add(asked.get("redirectResponse", {}).get("encodedDataLength", 0))

    def _add(self, more: float) -> None:
        self.bytes += round(more)


def test_a_first_visit_is_small(sit: Sit, office: Office) -> None:
    sit("grace").place(office.free_time())
    ada = sit("ada", is_signed_in=False)
    meter = Meter(ada.page.context.new_cdp_session(ada.page))
    ada.page.goto("/", wait_until="networkidle")
    expect(ada.page.get_by_role("heading", name="Sign in")).to_be_visible()
    signing_in = meter.bytes
    ada.sign_in()
    expect(ada.page.locator("#board tbody tr").first).to_be_visible()
    ada.page.wait_for_load_state("networkidle")
    assert 0 < signing_in < meter.bytes <= FIRST_VISIT, meter.bytes


class TestNothingMoves:
    """Layout shifts of more than nothing, page by page."""

    @pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
    def vera(self, sit: Sit, request: pytest.FixtureRequest) -> Desk:
        desk = sit("vera")
        desk.page.set_viewport_size(request.param)
        desk.page.add_init_script(WATCH)
        return desk

    def test_while_a_page_opens(self, vera: Desk, office: Office) -> None:
        pk = vera.place(office.free_time(), note="needs the ramp")
        paths = ["/", "/?tab=mine", "/?tab=attention", "/?tab=ended", "/holds/new", "/look-up"]
        paths += [f"/holds/{pk}/", f"/holds/{pk}/move", "/holds/new?event_type_id=1&view=week"]
        paths += ["/audit/", "/audit/1/", "/settings/", "/admin/", "/admin/dashboard/user/add/"]
        found = {path: shifts for path in paths if (shifts := self.opened(vera, path))}
        assert not found

    def test_while_a_page_comes_piece_by_piece(
        self, vera: Desk, office: Office, chromium: Browser, signed_in: dict[str, StorageState]
    ) -> None:
        pk = vera.place(office.free_time(), note="needs the ramp")
        paths = ["/", "/?tab=ended", f"/holds/{pk}/", "/holds/new?event_type_id=1&view=week"]
        paths += ["/look-up", "/settings/", "/audit/", "/audit/1/", "/admin/dashboard/user/add/"]
        with slow_line() as line:
            context = chromium.new_context(
                base_url=office.url,
                storage_state=signed_in["vera"],
                viewport=vera.page.viewport_size,
                proxy={"server": line},
            )
            context.add_init_script(WATCH)
            slow = Desk(context.new_page(), office, scripts=True, name="vera")
            found = {path: shifts for path in paths if (shifts := self.opened(slow, path))}
            assert not found
            context.close()

    def test_while_somebody_signs_in(self, sit: Sit) -> None:
        desk = sit("ada", is_signed_in=False)
        desk.page.add_init_script(WATCH)
        assert self.opened(desk, "/accounts/login/") == []

    def test_while_the_board_ticks_and_asks_for_news(self, vera: Desk, office: Office) -> None:
        pk = vera.place(office.free_time())
        vera.page.goto("/")
        vera.page.wait_for_timeout(POLLS)
        assert vera.page.evaluate("window.shifts") == []
        expect(vera.page.locator(f"#h{pk}")).to_be_visible()

    def test_while_a_colleague_extends_a_hold(self, vera: Desk, sit: Sit, office: Office) -> None:
        """The last row changes, and nothing else."""
        grace = sit("grace")
        pk = grace.place(office.free_time(), reservation_duration="100")
        vera.page.goto("/")
        row = vera.page.locator(f"#h{pk}")
        before = row.get_attribute("data-face")
        grace.page.get_by_text("Until a set time…").click()
        grace.fill(reservation_duration="110")
        grace.press("Extend")
        expect(row).not_to_have_attribute("data-face", before or "", timeout=POLLS)
        assert vera.page.evaluate("window.shifts") == []
        grace.press("Release this time")  # the next one's row is to be the last again
        grace.told("Released")

    def opened(self, desk: Desk, path: str) -> list[str]:
        """What moved while the page opened and settled."""
        desk.page.goto(path, wait_until="networkidle")
        desk.page.wait_for_timeout(300)
        return [str(shift) for shift in desk.page.evaluate("window.shifts.slice(0, 2)")]


class TestOnAPhone:
    @pytest.fixture
    def phone(
        self, chromium: Browser, office: Office, signed_in: dict[str, StorageState]
    ) -> Iterator[Desk]:
        context = chromium.new_context(
            base_url=office.url,
            storage_state=signed_in["ada"],
            viewport=PHONE,
            has_touch=True,
            is_mobile=True,
        )
        yield Desk(context.new_page(), office, scripts=True, name="ada")
        context.close()

    def test_all_that_is_pressed_is_as_large_as_a_finger(self, phone: Desk, office: Office) -> None:
        gone, live = (phone.place(office.free_time(), note="calls back") for _ in range(2))
        phone.page.goto(f"/holds/{gone}/")
        phone.press("Release this time")
        phone.told("Released")
        paths = ["/", "/?tab=mine", "/?tab=ended", f"/holds/{gone}/", f"/holds/{live}/"]
        paths += ["/holds/new", "/holds/new?event_type_id=1&view=week", f"/holds/{live}/move"]
        paths += ["/look-up", "/settings/"]
        found = {}
        for path in paths:
            phone.page.goto(path)
            found[path] = phone.page.evaluate(SMALL)
        assert {path: small for path, small in found.items() if small} == {}


class TestAfterASwap:
    """A page that came by a swap looks like the same page opened by its address."""

    def width(self, desk: Desk) -> float:
        return float(desk.page.locator("#main").evaluate("(e) => e.getBoundingClientRect().width"))

    def test_the_hold_is_as_wide_as_ever(self, ada: Desk, office: Office) -> None:
        ada.place(office.free_time())
        swapped = self.width(ada)
        ada.page.reload()
        assert swapped == self.width(ada)

    def test_it_begins_at_its_top(self, ada: Desk, office: Office) -> None:
        pk = ada.place(office.free_time())
        assert ada.page.evaluate("scrollY") == 0
        ada.press("Release this time")
        expect(ada.page.locator("main")).to_contain_text("Released")
        assert ada.page.evaluate("scrollY") == 0
        assert ada.path == f"/holds/{pk}/"

    def test_one_more_time_for_an_offer_is_picked_from_the_grid(
        self, ada: Desk, office: Office
    ) -> None:
        pk = ada.place(office.free_time())
        ada.page.goto(f"/holds/{pk}/")
        ada.press("Add another option")
        free = ada.page.locator("#times a.time").first
        assert free.evaluate("(e) => getComputedStyle(e).display") == "grid"
        free.focus()
        ada.page.keyboard.press("ArrowRight")
        expect(ada.page.locator("#times a.time").nth(1)).to_be_focused()
