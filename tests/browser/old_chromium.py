"""Open pages in the Chromium of Qt WebEngine 6.6, which is version 112, and print what it found.

    python tests/browser/old_chromium.py '{"url": …, "cookies": {…}, "paths": […], "script": "…"}'

A program of its own, because Qt is not installed with the tests. Prints JSON: its version, and for
each path what the script returned and what the console said.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from PyQt6.QtCore import QTimer, QUrl
from PyQt6.QtNetwork import QNetworkCookie
from PyQt6.QtWebEngineCore import (
    QWebEnginePage,
    QWebEngineProfile,
    qWebEngineChromiumVersion,
)
from PyQt6.QtWebEngineWidgets import QWebEngineView
from PyQt6.QtWidgets import QApplication

AT_REST = 300  # milliseconds from loading until modules have run; the script waits for the rest


class Page(QWebEnginePage):
    """A page that keeps what its console says."""

    def __init__(self, profile: QWebEngineProfile) -> None:
        super().__init__(profile)
        self.said: list[str] = []

    def javaScriptConsoleMessage(  # noqa: N802
        self, level: Any, message: str | None, _line: int, source: str | None
    ) -> None:
        if level == QWebEnginePage.JavaScriptConsoleMessageLevel.ErrorMessageLevel:
            self.said.append(f"{message} ({source})")


class Visit:
    """Visits to some paths, one after the other."""

    def __init__(self, asked: dict[str, Any], page: Page, end: Callable[[], None]) -> None:
        self.asked = asked
        self.page = page
        self.end = end
        self.left = list(asked["paths"])
        self.found: dict[str, Any] = {}
        page.loadFinished.connect(lambda _ok: QTimer.singleShot(AT_REST, self.look))

    def go_on(self) -> None:
        if not self.left:
            self.end()
            return
        self.page.said.clear()
        self.page.load(QUrl(self.asked["url"] + self.left[0]))

    def look(self) -> None:
        self.page.runJavaScript(self.asked["script"], self.note)

    def note(self, result: Any) -> None:
        self.found[self.left.pop(0)] = {"found": json.loads(result), "said": [*self.page.said]}
        self.go_on()


def main() -> None:
    asked = json.loads(sys.argv[1])
    app = QApplication([sys.argv[0], "--no-sandbox"])
    profile = QWebEngineProfile()
    store = profile.cookieStore()
    for name, value in asked["cookies"].items():
        cookie = QNetworkCookie(name.encode(), value.encode())
        cookie.setPath("/")
        store.setCookie(cookie, QUrl(asked["url"]))
    page, view = Page(profile), QWebEngineView()
    view.setPage(page)
    view.resize(1440, 900)
    view.show()
    visit = Visit(asked, page, app.quit)
    QTimer.singleShot(0, visit.go_on)
    app.exec()
    sys.stdout.write(json.dumps({"version": qWebEngineChromiumVersion(), "pages": visit.found}))
    view.setPage(None)


if __name__ == "__main__":
    main()
