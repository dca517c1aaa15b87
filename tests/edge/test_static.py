"""Static files are hashed, compressed and cached without expiry by the real server."""

import gzip
import json
from functools import partial

import httpx
import pytest

from tests.serving import WAIT_SECONDS, static_root

get = partial(httpx.get, timeout=WAIT_SECONDS, verify=False)


def hashed(name):
    """Return the collected name of a static file."""
    return json.loads((static_root() / "staticfiles.json").read_text())["paths"][name]


@pytest.mark.parametrize("prefix", ["", "/holds"])
def test_file_is_hashed_compressed_and_immutable(serve, prefix):
    site = serve(f"https://desk.example.org{prefix}")
    name = hashed("vendor/htmx/htmx.min.js")
    assert name != "vendor/htmx/htmx.min.js"
    answer = get(f"{site.url}{prefix}/static/{name}", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content == (static_root() / name).read_bytes()
    compressed = (static_root() / f"{name}.gz").read_bytes()
    assert gzip.decompress(compressed) == answer.content
    assert int(answer.headers["Content-Length"]) == len(compressed)
    smaller = get(f"{site.url}{prefix}/static/{name}", headers={"Accept-Encoding": "gzip, br"})
    assert smaller.headers["Content-Encoding"] == "br"
    assert smaller.content == answer.content
    assert int(smaller.headers["Content-Length"]) < len(compressed)
    # Of the same origin only.
    names = ("X-Content-Type-Options", "Cross-Origin-Resource-Policy", "Set-Cookie")
    assert [answer.headers.get(name) for name in names] == ["nosniff", "same-origin", None]
    assert "Access-Control-Allow-Origin" not in answer.headers
    # Browsers ask there where a page names no icon.
    icon = get(f"{site.url}{prefix}/favicon.ico", headers={"Host": "desk.example.org"})
    assert icon.status_code == 302
    assert icon.headers["Location"] == f"{prefix}/static/{hashed('img/favicon.svg')}"
    drawn = get(site.url + icon.headers["Location"])
    assert (drawn.status_code, drawn.headers["Content-Type"]) == (200, "image/svg+xml")
    # None from outside the folder.
    tries = ["../manage.py", "%2e%2e/manage.py", "/etc/passwd"]
    codes = [get(f"{site.url}{prefix}/static/{path}").status_code for path in tries]
    assert 200 not in codes
