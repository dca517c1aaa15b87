"""The locked dependencies satisfy ``pyproject.toml``, have hashes and name no registry."""

import re
import tomllib

from packaging.requirements import Requirement

from tests.architecture.source import PROJECT

LOCK = (PROJECT / ".deploy" / "requirements.txt").read_text()
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==([\w.]+)", LOCK, re.MULTILINE))


def wanted() -> list[Requirement]:
    """Return what the product needs in production, with PostgreSQL."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["postgresql"]
    return [Requirement(line) for line in lines]


def test_every_dependency_is_locked_at_a_version_that_satisfies_it():
    assert {
        str(one): LOCKED.get(one.name)
        for one in wanted()
        if not one.specifier.contains(LOCKED.get(one.name, "0"))
    } == {}


def test_every_version_has_hashes():
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    assert len([one for one in entries if "==" in one]) == len(LOCKED)
    assert [one for one in entries if "==" in one and "--hash=sha256:" not in one] == []


def test_no_registry_is_named():
    assert re.findall(r"https?://|index-url|find-links|file:", LOCK) == []
