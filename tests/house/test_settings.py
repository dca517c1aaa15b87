"""Every setting is read in one place and described in the README, and nothing else is."""

import ast
import re

from tests.house.arrows import PROJECT

TABLE_ROW = re.compile(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", re.MULTILINE)


def read_by_the_settings() -> list[str]:
    """The first argument of every call of ``read``."""
    tree = ast.parse((PROJECT / "dashboard/settings.py").read_text())
    return [
        str(ast.literal_eval(node.args[0]))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "read"
    ]


def test_every_variable_is_read_once():
    names = read_by_the_settings()
    assert sorted(names) == sorted(set(names))
    assert "PUBLIC_URL" in names


def test_the_readme_has_every_variable_and_no_other():
    rows = TABLE_ROW.findall((PROJECT / "README.md").read_text())
    documented = [name for row in rows for name in re.findall(r"[A-Z_]+", row)]
    read_elsewhere = ["WEB_CONCURRENCY"]  # by gunicorn itself
    assert sorted(documented) == sorted([*read_by_the_settings(), *read_elsewhere])
