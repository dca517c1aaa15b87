"""Serving under a path."""

import pytest

from dashboard.edge.script_name import mounted


def place(prefix, path):
    seen = {}

    def application(environ, _start_response):
        seen.update(environ)
        return []

    mounted(application, prefix)({"PATH_INFO": path, "SCRIPT_NAME": ""}, lambda *_: None)
    return seen["SCRIPT_NAME"], seen["PATH_INFO"]


@pytest.mark.parametrize(
    ("path", "placed"),
    [
        ("/holds/", ("/holds", "/")),
        ("/holds", ("/holds", "/")),
        ("/holds/audit/", ("/holds", "/audit/")),
        # A page of ours whose own address begins with the same word.
        ("/holds/holds/7/", ("/holds", "/holds/7/")),
        ("/holdsteady/", ("", "/holdsteady/")),
        ("/livez", ("", "/livez")),
    ],
)
def test_the_prefix_moves_out_of_the_path(path, placed):
    assert place("/holds", path) == placed


def test_at_the_root_nothing_moves():
    assert place("", "/holds/7/") == ("", "/holds/7/")
