"""Measure any page: accessibility, width, and that nothing stands in it inline."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

Axe = Mapping[tuple[int, str], object]  # its options, by width and colour scheme
WIDTHS = (1440, 390, 320)
SCHEMES = ("light", "dark")
# What axe looks for, by width and scheme: scheme and width change nothing else. To measure the
# contrast takes longer than all the rest.
CONTRAST = {"runOnly": ["color-contrast"]}
ALL_BUT_CONTRAST = {"rules": {"color-contrast": {"enabled": False}}}
OF_PAGE: Axe = {
    (1440, "light"): {},
    (1440, "dark"): CONTRAST,
    (390, "light"): ALL_BUT_CONTRAST,
}
# Of a page whose elements are measured for contrast on others.
OF_KNOWN: Axe = {(width, "light"): ALL_BUT_CONTRAST for width in (1440, 390)}
# Of a page whose parts are measured on another one.
OF_VARIANT: Axe = {(1440, "light"): ALL_BUT_CONTRAST}
# At most three digits of a second.
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:?\d\d)"
# To preload, axe would copy styles that Django imports into the page, which the policy forbids.
RUN_AXE = """
async (only) => {
  const found = await axe.run({ resultTypes: ["violations"], preload: false, ...only });
  return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id} ${node.html}`));
}
"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def faults_on_screen(page: Page, axe: Axe, picture: str = "") -> list[str]:
    """Return what is wrong in any width and colour scheme. ``picture`` begins file names.

    ``axe`` has what axe looks for; it needs timers, which do not run on a page without scripts.
    """
    found = []
    height = (page.viewport_size or {"height": 900})["height"]
    if axe:
        page.evaluate(AXE_SCRIPT)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        if page.evaluate(TOO_WIDE) > 0:
            found.append(f"too wide at {width}")
        for scheme in SCHEMES:
            options = axe.get((width, scheme))
            if options is None and not picture:
                continue
            page.emulate_media(color_scheme=scheme)
            if picture:
                take_picture(page, f"{picture}-{width}-{scheme}")
            if options is not None:
                found += [f"{width} {scheme}: {one}" for one in page.evaluate(RUN_AXE, options)]
        page.emulate_media(color_scheme=SCHEMES[0])
    page.set_viewport_size({"width": WIDTHS[0], "height": height})
    return found


def take_picture(page: Page, path: str) -> None:
    page.screenshot(path=f"{path}.png", full_page=True, caret="initial")


def is_invalid(tag: str, attributes: dict[str, str | None]) -> bool:
    """Return True for what HTML forbids and Django's forms and filters tend to write."""
    if tag == "time":
        return not re.fullmatch(MOMENT, attributes.get("datetime") or "")
    has_no_text = attributes.get("type") in ("radio", "checkbox")
    return tag == "input" and has_no_text and "maxlength" in attributes


class _Source(HTMLParser):
    """Collect the ids, and what HTML or a strict content policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.ids += [names["id"] or ""] if "id" in names else []
        handlers = [name for name in names if name == "style" or name.startswith(("on", "hx-on"))]
        if is_invalid(tag, names):
            self.inline.append(self.get_starttag_text() or tag)
        if tag == "style" or (tag == "script" and not names.get("src")) or handlers:
            self.inline.append(self.get_starttag_text() or tag)


def faults_in_source(source: str, secrets: list[str]) -> list[str]:
    """Return inline scripts, styles and handlers, ids used twice, and secrets on the page."""
    parser = _Source()
    parser.feed(source)
    twice = [f"id {one} twice" for one, times in Counter(parser.ids).items() if times > 1]
    return [*parser.inline, *twice, *(secret for secret in secrets if secret in source)]
