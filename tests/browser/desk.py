"""One person's browser window, which notices whatever is wrong with what it is shown."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from tests.browser.office import PASSWORD, Office, typed

WIDTHS = (1440, 390)
SCHEMES = ("light", "dark")
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
# Tells the console of what the policy stopped, in words of our own.
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""
# To preload, axe would copy styles that Django's import into the page, which the policy forbids.
ASK_AXE = """
async () => (await axe.run({resultTypes: ["violations"], preload: false})).violations.flatMap(
  (one) => one.nodes.map((node) => `${one.id} ${node.html}`));
"""


@dataclass
class Desk:
    """``refusals`` are the statuses that a test asks for; each other complaint fails it."""

    page: Page
    office: Office
    scripts: bool
    name: str
    said: list[str] = field(default_factory=list)
    refusals: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, line: ConsoleMessage) -> None:
        refused = REFUSED.match(line.text)
        expected = refused is not None and int(refused[1]) in self.refusals
        if line.type == "error" and not expected:
            self.said.append(f"{line.text} ({urlsplit(line.location['url']).path})")

    @property
    def path(self) -> str:
        parts = urlsplit(self.page.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    @property
    def hold(self) -> int:
        """The number of the hold whose page is open."""
        # Waiting for a navigation would fail where a second press has ended the first one's.
        expect(self.page).to_have_url(re.compile(r"/holds/\d+/$"), timeout=30_000)
        return int(self.path.split("/")[2])

    def press(self, button: str, *, within: str = "main") -> None:
        self.page.locator(within).get_by_role("button", name=button, exact=True).click()

    def field(self, name: str) -> Locator:
        """The field of that name in the form; a choice of times above it has others."""
        return self.page.locator(f"main #id_{name}")

    def fill(self, **fields: str) -> None:
        for name, text in fields.items():
            self.field(name).fill(text)

    def type_time(self, at: datetime, event_type: str = "Consult 60 · 60 min") -> None:
        """Type a time on the page of a new hold, instead of picking one that is free."""
        typing = self.page.locator("#chosen details")
        if typing.get_attribute("open") is None:
            typing.locator("summary").click()
        self.field("event_type_id").select_option(event_type)
        self.fill(slot_start=typed(at))

    def sign_in(self) -> None:
        self.page.get_by_label("Name").fill(self.name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Sign in")

    def place(self, at: datetime, client: str = "Hedy Lamarr", **more: str) -> int:
        """Hold a time for somebody; gives the hold's number."""
        self.page.goto("/holds/new")
        self.type_time(at)
        self.fill(client_name=client, **more)
        self.press("Hold this time")
        return self.hold

    def told(self, text: str) -> None:
        """Wait until the page says so, where people see it."""
        expect(self.page.locator("main")).to_contain_text(text)

    def seconds_left(self, within: str = "main") -> int:
        """What the countdown shows."""
        minutes, seconds = self.page.locator(f"{within} .left").first.inner_text().split(":")
        return int(minutes) * 60 + int(seconds)

    def look(self, state: str) -> None:
        """Look hard: at both widths, in both schemes, for everything that can be measured."""
        self._look_at_source(state)
        if self.scripts:
            self.page.evaluate(AXE_SCRIPT)
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            assert (self._too_wide(), state) == (0, state)
            for scheme in SCHEMES:
                self.page.emulate_media(color_scheme=scheme)
                self.picture(f"{state}-{width}-{scheme}")
                assert self._violations(f"{state} {width} {scheme}") == []
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        self.page.emulate_media(color_scheme=SCHEMES[0])

    def _too_wide(self) -> int:
        """How many pixels of the page are beyond the edge."""
        root = "document.documentElement"
        return max(0, int(self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")))

    def _look_at_source(self, state: str) -> None:
        source = self.page.content()
        uids = [uid for uid in self.office.uids() if uid in source]
        assert (state, inline(source), twice(source), uids) == (state, [], [], [])

    def _violations(self, state: str) -> list[str]:
        """What axe finds. It waits for timers, which a page without scripts never runs."""
        found = self.page.evaluate(ASK_AXE) if self.scripts else []
        return [f"{state}: {one}" for one in found]

    def picture(self, name: str) -> None:
        folder = os.environ.get("BROWSER_SHOTS")
        if folder:
            kind = "" if self.scripts else "plain-"
            self.page.screenshot(
                path=Path(folder) / f"{kind}{name}.png", full_page=True, caret="initial"
            )


Sit = Callable[..., Desk]


class _Source(HTMLParser):
    """Finds what a strict policy would not run or apply, and all ids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.ids += [names["id"] or ""] if "id" in names else []
        handlers = [name for name in names if name == "style" or name.startswith(("on", "hx-on"))]
        if tag == "style" or (tag == "script" and not names.get("src")) or handlers:
            self.found.append(self.get_starttag_text() or tag)


def _read(source: str) -> _Source:
    parser = _Source()
    parser.feed(source)
    return parser


def inline(source: str) -> list[str]:
    """Scripts, styles and handlers that stand in the page itself."""
    return _read(source).found


def twice(source: str) -> list[str]:
    """Ids that two elements have: a label for one of them means the wrong one."""
    return [one for one, times in Counter(_read(source).ids).items() if times > 1]
