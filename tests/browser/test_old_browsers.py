"""Pages in the oldest Chromium that the README names and that can be had: that of Qt WebEngine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.browser.product import Product
from tests.parts import require

OLDEST = 111  # the README's
PROGRAM = "tests/browser/old_chromium.py"
QT = {
    "QT_QPA_PLATFORM": "offscreen",
    "QTWEBENGINE_DISABLE_SANDBOX": "1",
    "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox --disable-gpu",
}
# Elements whose text is hardly to be told from what is behind it, and whether a key is heard.
LOOK = """(() => {
  const transparent = "rgba(0, 0, 0, 0)";
  const style = (part) => getComputedStyle(part);
  const behind = (part) => {
    for (let at = part; at; at = at.parentElement)
      if (style(at).backgroundColor !== transparent) return style(at).backgroundColor;
    return "none";
  };
  const parts = [...document.querySelectorAll("h1, p, th, td, a, button, input, select, summary")];
  const bare = parts.filter((part) => part.getClientRects().length)
    .filter((part) => behind(part) === "none" || behind(part) === style(part).color);
  const fields = [...document.querySelectorAll(".panel input:not([type=hidden], [type=checkbox])")]
    .filter((part) => part.getClientRects().length && style(part).borderTopColor === transparent);
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "?", bubbles: true }));
  return JSON.stringify({
    bare: bare.concat(fields).map((part) => part.outerHTML.slice(0, 100)),
    keys: Boolean(document.querySelector("#keys[open]")),
    clock: /^\\d\\d:\\d\\d:\\d\\d$/.test(document.querySelector("[data-clock]").textContent),
    countdowns: [...document.querySelectorAll("td.left")].map((part) => part.textContent !== ""),
    unscripted: [...document.querySelectorAll(".no-script")]
      .filter((part) => part.getClientRects().length).length,
  });
})()"""


@pytest.fixture(scope="module")
def python() -> str:
    """Return a Python that has Qt WebEngine."""
    here = sys.executable if find_spec("PyQt6") else None
    return require("Qt WebEngine 6.6", os.environ.get("OLD_CHROMIUM_PYTHON") or here)


def test_pages_are_readable_and_their_scripts_run(python: str, product: Product) -> None:
    pk = product.place("ada", product.free_time(), "Hedy Lamarr")
    paths = ["/", "/holds/new?event_type_id=1", f"/holds/{pk}/", "/settings/"]
    asked = {
        "url": product.url,
        "cookies": dict(product.cookies_of["ada"]),
        "paths": paths,
        "script": LOOK,
    }
    done = subprocess.run(
        [python, PROGRAM, json.dumps(asked)],
        env=os.environ | QT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert OLDEST <= int(answer["version"].split(".")[0]) < 120
    sound = {"bare": [], "keys": True, "clock": True, "unscripted": 0}
    assert answer["pages"] == {
        path: {"found": sound | {"countdowns": [True] * (path == "/")}, "said": []}
        for path in paths
    }
