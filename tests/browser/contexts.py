"""Browser contexts that tests use one after the other: a new one takes longer than most visits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext

from tests.browser.user import DESKTOP


def new_context(chromium: Browser, url: str, *, scripts: bool, **options: Any) -> BrowserContext:
    """Return a browser that has never been anywhere."""
    return chromium.new_context(
        base_url=url,
        java_script_enabled=scripts,
        reduced_motion="reduce",  # axe would measure colours half-way between two
        **{"viewport": DESKTOP, **options},
    )


class ContextPool:
    """Keep contexts for the next test, with the static files that they have loaded.

    A page without content stays open in each, or its process would end with the test.
    """

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._free: dict[tuple[str, bool], list[BrowserContext]] = defaultdict(list)

    @contextmanager
    def borrowed(self, url: str, *, scripts: bool) -> Iterator[BrowserContext]:
        """Yield a context without pages and cookies; take it back with all that was done to it."""
        free = self._free[url, scripts]
        context = free.pop() if free else self._opened(url, scripts=scripts)
        try:
            yield context
        finally:
            forget(context)
            free.append(context)

    def _opened(self, url: str, *, scripts: bool) -> BrowserContext:
        context = new_context(self._chromium, url, scripts=scripts)
        context.new_page().goto("/livez")
        return context


def forget(context: BrowserContext) -> None:
    """Close all pages but the first, and remove what they have stored or were allowed."""
    first, *others = context.pages
    for page in others:
        page.close()
    context.clear_cookies()
    context.clear_permissions()
    context.set_offline(False)
    first.evaluate("localStorage.clear()")
