"""A person's browser window, which records what the browser complains about."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.browser import page_checks
from tests.browser.product import Product, typed
from tests.migrated import PASSWORD
from tests.parts import program, require

# The first is the same browser without windows; it needs a third of the time.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    # Fewer processes: none for pixels, and none kept ready for a next page.
    "--in-process-gpu",
    "--renderer-process-limit=1",
]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 60_000  # milliseconds, on a busy machine; only a fault takes as long
# A poll has eight seconds, which may be too few on a busy machine; the next one brings the news.
LATE_POLL = "htmx: htmx:error: timeout "
FAILED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
# Writes to the console what the content policy stopped.
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""
# Lets htmx poll ten times as often as the page says.
POLL_OFTEN = """
const each = window.setInterval;
window.setInterval = (run, wait, ...rest) => each(run, wait === 5000 ? 500 : wait, ...rest);
"""
# Sets the computer's clock ahead by so many seconds.
SET_CLOCK = "(seconds) => { const now = Date.now; Date.now = () => now() + 1000 * seconds; }"
# For a flow that must work in a browser without scripts. Pages are tested without them below.
in_both_ways = pytest.mark.parametrize(
    "scripts", [True, False], indirect=True, ids=["with-scripts", "without-scripts"]
)


@contextmanager
def chromium_running(*arguments: str) -> Iterator[Browser]:
    """Run the Chromium of the system, with more command-line arguments if given."""
    path = require("Chromium", next(filter(None, map(program, PROGRAMS)), None))
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
        yield browser
        browser.close()


@dataclass
class User:
    """A page, and the person who is signed in on it.

    ``refusals`` are the statuses that a test expects; any other complaint fails it.
    """

    page: Page
    product: Product
    scripts: bool
    name: str
    complaints: list[str] = field(default_factory=list)
    refusals: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.add_init_script(REPORT_VIOLATIONS)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)

    def _note(self, line: ConsoleMessage) -> None:
        failed = FAILED.match(line.text)
        is_refusal = failed is not None and int(failed[1]) in self.refusals
        is_fault = line.type == "error" or "rel=expect" in line.text
        if is_fault and not is_refusal and not line.text.startswith(LATE_POLL):
            self.complaints.append(f"{line.text} ({urlsplit(line.location['url']).path})")

    @property
    def hold_id(self) -> int:
        """Number of the hold whose page is open, or about to open."""
        expect(self.page).to_have_url(re.compile(r"/holds/\d+/$"))
        expect(self.page.locator("#hold")).to_be_visible()
        return int(urlsplit(self.page.url).path.split("/")[-2])

    def poll(self) -> None:
        """Let the board ask for news at once, as it does every five seconds."""
        self.page.evaluate("htmx.trigger('#board', 'refresh', {}, false)")

    def poll_often(self) -> None:
        """Let pages that are opened from now on poll every half second instead of every five."""
        self.page.add_init_script(POLL_OFTEN)

    def hear_nothing_new(self) -> None:
        """Keep pages of holds as they were opened: they would show a change after five seconds."""
        self.page.route("**/poll", lambda route: route.fulfill(status=304))

    def wake_after(self, seconds: float) -> None:
        """Let the page find that the computer slept so long. It then asks the server the time."""
        self.page.evaluate(SET_CLOCK, seconds)

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass at cal.com, in the product and on the page."""
        self.product.pass_time(seconds)
        self.wake_after(seconds)

    def press(self, button: str, *, within: str = "main") -> None:
        self.page.locator(within).get_by_role("button", name=button, exact=True).click()

    def field(self, name: str) -> Locator:
        """Return the field of the page's form; the picker above it has others of that name."""
        return self.page.locator(f"main #id_{name}")

    def fill(self, **fields: str) -> None:
        for name, text in fields.items():
            self.field(name).fill(text)

    def type_time(self, at: datetime, event_type: str = "Consult 60 · 60 min · Owner") -> None:
        """Type a time on the page of a new hold, instead of picking a free one."""
        details = self.page.locator("#chosen details")
        if details.get_attribute("open") is None:
            details.locator("summary").click()
        self.field("event_type_id").select_option(event_type)
        self.fill(slot_start=typed(at))

    def sign_in(self) -> None:
        self.page.locator("[name=username]").fill(self.name)
        self.page.locator("[name=password]").fill(PASSWORD)
        self.page.locator("main form button").click()

    def place(
        self, at: datetime | None = None, client_name: str = "Hedy Lamarr", **fields: str
    ) -> int:
        """Place a hold without the browser, then open its page; return its number."""
        at = at or self.product.free_time()
        pk = self.product.place(self.name, at, client_name, **fields)
        self.page.goto(f"/holds/{pk}/")
        return pk

    def place_by_form(self, at: datetime) -> int:
        """Fill in the form of a new hold and send it; return the hold's number."""
        self.page.goto("/holds/new")
        self.type_time(at)
        self.fill(client_name="Hedy Lamarr")
        self.press("Hold this time")
        return self.hold_id

    def expect_text(self, text: str) -> None:
        """Wait until the page says so."""
        expect(self.page.locator("main")).to_contain_text(text)

    def expect_heading(self, text: str) -> None:
        """Wait for the page with this heading."""
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(text)

    def expect_path(self, path: str) -> None:
        """Wait until the open page has this path and query."""
        expect(self.page).to_have_url(f"{self.product.url}{path}")

    def expect_query(self, part: str) -> None:
        """Wait until the query of the open page has this part."""
        expect(self.page).to_have_url(re.compile(rf"\?(.*&)?{re.escape(part)}"))

    def seconds_left(self, within: str = "main") -> int:
        """Return what the countdown shows, once it shows something."""
        countdown = self.page.locator(f"{within} .left").first
        expect(countdown).to_have_text(re.compile(r"^\d+:\d\d$"))
        minutes, seconds = countdown.inner_text().split(":")
        return int(minutes) * 60 + int(seconds)

    def check_page(self, state: str) -> None:
        """Measure the page in every width and colour scheme; take pictures if they are wanted.

        Once in the suite for each page.
        """
        found = self._faults(state, page_checks.OF_PAGE)
        found += page_checks.faults_of_contrast(self.page) if self.scripts else []
        assert (state, found) == (state, [])

    def check_variant(self, state: str) -> None:
        """Measure a page whose parts are measured on another one, so without its contrast."""
        assert (state, self._faults(state, page_checks.OF_VARIANT)) == (state, [])

    def _faults(self, state: str, axe: Sequence[int]) -> list[str]:
        self.page.wait_for_load_state()
        source = self.page.content()
        found = page_checks.faults_in_source(source, self.product.uids())
        wanted = axe if self.scripts else ()
        return found + page_checks.faults_on_screen(self.page, wanted, self._picture_path(state))

    def picture(self, name: str) -> None:
        """Take a picture if they are wanted."""
        if path := self._picture_path(name):
            page_checks.take_picture(self.page, path)

    def _picture_path(self, name: str) -> str:
        folder = os.environ.get("BROWSER_SHOTS")
        kind = "" if self.scripts else "plain-"
        return str(Path(folder) / f"{kind}{name}") if folder else ""


OpenBrowser = Callable[..., User]


def expect_no_complaints(users: list[User]) -> None:
    """Raise AssertionError if a browser complained."""
    assert [user.complaints for user in users] == [[] for _ in users]
