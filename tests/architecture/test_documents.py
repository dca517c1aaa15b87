"""The guides for contributors name files that exist."""

import re

import pytest

from tests.architecture.source import PROJECT

PATH = re.compile(r"`((?:dashboard|templates|static|tests|\.ci)/[\w./-]*)`")


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "SECURITY.md", "tests/README.md"])
def test_every_named_path_exists(document):
    named = set(PATH.findall((PROJECT / document).read_text()))
    assert named
    assert [path for path in sorted(named) if not (PROJECT / path).exists()] == []
