"""WSGI middleware for a site under a path."""

import pytest

from dashboard.edge.public_address import under_prefix


def split_path(prefix, path):
    """Return SCRIPT_NAME and PATH_INFO as the application sees them."""
    seen = {}

    def application(environ, _start_response):
        seen.update(environ)
        return []

    under_prefix(application, prefix)({"PATH_INFO": path, "SCRIPT_NAME": ""}, lambda *_: None)
    return seen["SCRIPT_NAME"], seen["PATH_INFO"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/holds/", ("/holds", "/")),
        ("/holds", ("/holds", "/")),
        ("/holds/audit/", ("/holds", "/audit/")),
        # A page whose own path starts with the prefix.
        ("/holds/holds/7/", ("/holds", "/holds/7/")),
        ("/holdsteady/", ("", "/holdsteady/")),
        ("/livez", ("", "/livez")),
    ],
)
def test_prefix_moves_to_script_name(path, expected):
    assert split_path("/holds", path) == expected


def test_without_prefix_nothing_changes():
    assert split_path("", "/holds/7/") == ("", "/holds/7/")
