"""Environment variables: each is read once, and the README documents exactly these."""

import ast
import re

from tests.architecture.source import PROJECT, modules

TABLE_ROW = re.compile(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", re.MULTILINE)


def setting_variables() -> list[str]:
    """Return the first argument of every call of ``read`` in the settings."""
    return [
        str(ast.literal_eval(node.args[0]))
        for node in ast.walk(ast.parse(modules()["dashboard.settings"]))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "read"
    ]


def test_each_variable_is_read_once():
    names = setting_variables()
    assert sorted(names) == sorted(set(names))
    assert "PUBLIC_URL" in names


def test_readme_documents_exactly_these_variables():
    rows = TABLE_ROW.findall((PROJECT / "README.md").read_text())
    documented = [name for row in rows for name in re.findall(r"[A-Z_]+", row)]
    assert sorted(documented) == sorted(setting_variables())
