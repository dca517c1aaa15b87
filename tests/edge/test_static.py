"""Static files as the real server gives them: hashed, compressed, kept for ever."""

import gzip
import json

import httpx
import pytest

from tests.serving import static_root


def hashed(name):
    """The collected name of a file of ours."""
    return json.loads((static_root() / "staticfiles.json").read_text())["paths"][name]


@pytest.mark.parametrize("prefix", ["", "/holds"])
def test_a_file_is_named_by_its_content_and_kept_for_ever(serve, prefix):
    site = serve(f"https://desk.example.org{prefix}")
    name = hashed("vendor/htmx/htmx.min.js")
    assert name != "vendor/htmx/htmx.min.js"
    answer = httpx.get(f"{site.url}{prefix}/static/{name}", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content == (static_root() / name).read_bytes()
    compressed = (static_root() / f"{name}.gz").read_bytes()
    assert gzip.decompress(compressed) == answer.content
    assert int(answer.headers["Content-Length"]) == len(compressed)


def test_files_are_for_our_own_pages(serve):
    site = serve("https://desk.example.org")
    answer = httpx.get(f"{site.url}/static/{hashed('vendor/htmx/htmx.min.js')}")
    names = ("X-Content-Type-Options", "Cross-Origin-Resource-Policy", "Set-Cookie")
    assert [answer.headers.get(name) for name in names] == ["nosniff", "same-origin", None]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_nothing_outside_the_folder_is_served(serve):
    site = serve("https://desk.example.org")
    tries = ["/static/../manage.py", "/static/%2e%2e/manage.py", "/static//etc/passwd"]
    codes = [httpx.get(site.url + path).status_code for path in tries]
    assert 200 not in codes
