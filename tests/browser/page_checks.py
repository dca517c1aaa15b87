"""Measure any page: accessibility, width, and that nothing stands in it inline."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from html.parser import HTMLParser

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests import run

WIDTHS = (1440, 390, 320)
SCHEMES = ("light", "dark")
# Where axe looks, with all rules but that of contrast, which width and scheme change.
OF_PAGE = WIDTHS[:2]
# Of a page whose parts are looked at on another one.
OF_VARIANT = WIDTHS[:1]
# At most three digits of a second.
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:?\d\d)"
# To preload, axe would copy styles that Django imports into the page, which the policy forbids.
RUN_AXE = """
async () => {
  const rules = { "color-contrast": { enabled: false } };
  const found = await axe.run({ resultTypes: ["violations"], preload: false, rules });
  return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id} ${node.html}`));
}
"""
# What decides on the contrast of a text: elements that agree in it are one kind.
FIND_KINDS = """
() => {
  const backdrop = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(one);
      layers.push(backgroundColor, backgroundImage, opacity);
      if (backgroundColor.startsWith("rgb(")) break;
    }
    return layers.filter((one) => !["rgba(0, 0, 0, 0)", "none", "1"].includes(one));
  };
  window.kindOf = (element) => {
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const name = [element.localName, ...element.classList].join(".");
    return [name, color, fontSize, fontWeight, ...backdrop(element)].join(" ");
  };
  const shows = (element) =>
    element.checkVisibility({ visibilityProperty: true }) && element.offsetWidth > 1;
  const says = (element) =>
    element.matches("input, select, textarea") ||
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const elements = [...document.querySelectorAll("body *")];
  const texts = elements.filter((element) => says(element) && shows(element));
  window.kinds = new Map(texts.map((element) => [window.kindOf(element), element]));
  return [...window.kinds.keys()];
}
"""
RUN_CONTRAST = """
async (wanted) => {
  const include = wanted.map((kind) => window.kinds.get(kind));
  const only = { runOnly: ["color-contrast"], elementRef: true, preload: false };
  const { passes, violations } = await axe.run({ include }, only);
  const nodes = (rules) => rules.flatMap((rule) => rule.nodes);
  return {
    measured: nodes(passes).map((node) => window.kindOf(node.element)),
    faults: nodes(violations).map((node) => `color-contrast ${node.html}`),
  };
}
"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def faults_on_screen(page: Page, axe: Sequence[int], picture: str = "") -> list[str]:
    """Return what is wrong in any width and colour scheme. ``picture`` begins file names.

    ``axe`` has the widths at which axe looks; it needs timers, which do not run on a page without
    scripts.
    """
    found = []
    height = (page.viewport_size or {"height": 900})["height"]
    if axe:
        page.evaluate(AXE_SCRIPT)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        if page.evaluate(TOO_WIDE) > 0:
            found.append(f"too wide at {width}")
        if width in axe:
            found += [f"{width}: {one}" for one in page.evaluate(RUN_AXE)]
        if picture:
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                take_picture(page, f"{picture}-{width}-{scheme}")
            page.emulate_media(color_scheme=SCHEMES[0])
    page.set_viewport_size({"width": WIDTHS[0], "height": height})
    return found


def faults_of_contrast(page: Page) -> list[str]:
    """Return what is hard to read in either scheme, of kinds that this run has not measured yet.

    To measure all of a page takes longer than all other rules. Axe is loaded on it already.
    """
    found = []
    known = run.folder() / "measured-for-contrast"
    known.touch()
    for scheme in reversed(SCHEMES):
        page.emulate_media(color_scheme=scheme)
        kinds = set(page.evaluate(FIND_KINDS)) - set(known.read_text().splitlines())
        if kinds:
            result = page.evaluate(RUN_CONTRAST, sorted(kinds))
            found += [f"{scheme}: {one}" for one in result["faults"]]
            with known.open("a") as file:
                file.writelines(f"{kind}\n" for kind in result["measured"])
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
