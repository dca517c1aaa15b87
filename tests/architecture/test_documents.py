"""The documents name files and names that exist, and every command."""

import re

import pytest

from tests.architecture.source import PROJECT

CODE = re.compile(r"`[^`\n]+`")
PATH = re.compile(r"(?<![\w./])(?:dashboard|templates|static|tests|\.ci)/[\w./-]*")
NAMES_IN_FILE = re.compile(
    r"((?:`[\w.]+`(?:,| and| or)? )+)in `((?:dashboard|static|tests)/[\w./-]+\.\w+)`"
)
README = (PROJECT / "README.md").read_text()
DOCUMENTS = ["CONTRIBUTING.md", "README.md", "SECURITY.md", "tests/README.md"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_named_path_exists(document):
    code = " ".join(CODE.findall((PROJECT / document).read_text()))
    named = set(PATH.findall(code))
    assert named
    assert [path for path in sorted(named) if not (PROJECT / path).exists()] == []


def test_every_name_is_in_the_file_that_contributing_gives():
    found = NAMES_IN_FILE.findall((PROJECT / "CONTRIBUTING.md").read_text())
    named = {(name, file) for names, file in found for name in re.findall(r"`([\w.]+)`", names)}
    assert len(named) > 20
    lost = {
        (name, file)
        for name, file in named
        if name.rpartition(".")[2] not in (PROJECT / file).read_text()
    }
    assert lost == set()


def test_holds_lists_each_of_its_modules_once():
    folder = PROJECT / "dashboard/holds"
    listed = re.findall(r"``(\w+)``", (folder / "__init__.py").read_text())
    assert sorted(listed) == sorted(file.stem for file in folder.glob("[a-z]*.py"))


def test_readme_lists_each_command_once():
    files = (PROJECT / "dashboard/management/commands").glob("[a-z]*.py")
    replaced = {"changepassword", "createsuperuser"}  # Django's, which name the command to use
    [section] = re.findall(r"^### Commands$(.*?)^##", README, re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    listed = re.findall(r"`(\w+)`", " ".join(heads))
    assert sorted(listed) == sorted({file.stem for file in files} - replaced)
