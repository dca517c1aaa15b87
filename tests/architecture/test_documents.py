"""The documents name files that exist."""

import re

import pytest

from tests.architecture.source import PROJECT

CODE = re.compile(r"`[^`\n]+`")
PATH = re.compile(r"(?<![\w./])(?:dashboard|templates|static|tests|\.ci)/[\w./-]*")
DOCUMENTS = ["CONTRIBUTING.md", "README.md", "SECURITY.md", "tests/README.md"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_named_path_exists(document):
    code = " ".join(CODE.findall((PROJECT / document).read_text()))
    named = set(PATH.findall(code))
    assert named
    assert [path for path in sorted(named) if not (PROJECT / path).exists()] == []
