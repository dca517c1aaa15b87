"""The documents name files and names that exist, and every command."""

import re

import pytest

from dashboard.accounts import hashing, last_user
from dashboard.audit import retention
from dashboard.edge import diagnosis, gunicorn
from dashboard.edge.database import POSTGRESQL_LIMITS
from dashboard.pages import wallboard
from tests.architecture.source import PROJECT
from tests.architecture.test_style import MAX_FILE_LINES, MAX_FUNCTION_LINES

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


def test_cron_finds_the_programs_of_its_lines():
    """Each is given by its path: cron's own PATH is ``/usr/bin:/bin``."""
    lines = re.findall(r"^\d+ \d+ \* \* \* root (.+)$", README, re.MULTILINE)
    programs = {command.split()[0] for line in lines for command in line.split(" && ")}
    programs -= {"cd", "set", "."}  # of the shell
    assert len(lines) == 2
    assert {name for name in programs if not name.startswith("/")} == set()


def test_documents_give_todays_numbers():
    """Each number that a reader relies on, beside what the program does."""
    in_words = {1: "once", 2: "two", 8: "eight"}
    nginx, apache = (
        (PROJECT / "templates/deployment" / name).read_text()
        for name in ("nginx.conf", "apache.conf")
    )
    [header_size] = re.findall(r"proxy_buffer_size (\d+)k;", nginx)
    [seconds] = {*re.findall(r"(?:proxy_read_timeout|ProxyTimeout) (\d+)", nginx + apache)}
    told = {
        "README.md": [
            f"with {in_words[gunicorn.threads]} threads each",
            f"removes, at least {retention.LEAST_AGE.days} |",
            f"Entries of the last {retention.LEAST_AGE.days} days always stay",
            f"unless the screen is off for {wallboard.SESSION_SECONDS // 86_400} days",
            f"each at most {in_words[diagnosis.INTERVAL_SECONDS // 60]} a minute",
            f"allow {seconds} s for an answer and {header_size} KiB for its headers",
            *(f"{limit.removesuffix('s')} seconds" for limit in POSTGRESQL_LIMITS.values()),
        ],
        "SECURITY.md": [
            f"at most {in_words[hashing.AT_ONCE]} at once in each process",
            f"a signed cookie, for {last_user.MAX_AGE.days} days",
        ],
        "CONTRIBUTING.md": [
            f"a function of the product has at most {MAX_FUNCTION_LINES} lines,"
            f" a file {MAX_FILE_LINES}."
        ],
    }
    texts = {name: " ".join((PROJECT / name).read_text().split()) for name in told}
    assert {
        (name, words) for name, said in told.items() for words in said if words not in texts[name]
    } == set()
