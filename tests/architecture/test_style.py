"""Size limits, names and docstrings of the product and its tests."""

import ast
import re
import tomllib

from tests.architecture.source import (
    PROJECT,
    functions,
    imported_names,
    modules,
    parsed,
    statements,
    written_modules,
)

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 45
# Former names, which were hard to guess.
OLD_MODULES = """
    told words looking ways patching replacing altering starting endings many taking_over deciding
    guesses typed gate who likes facts lines mounting freshness isolation charset cookies methods
    reports known upstream trouble world killable kitchen reckoning books shelf weather outsider
    telling ahead whose by_others promises
"""
OLD_IDENTIFIERS = """
    NoValues Stopwatch Spot Asking Wish _bury perhaps stands spare face tone told likes facts
    Whose ActOfOther
"""
VAGUE_START = re.compile(r"(What|How|Whether|Of|Who(ever|se|m)?|Where|When|Why)\b")
NO_VERB = re.compile(r"The\b")  # fine for a class or a module, not for a function
# A page of this week shows only the days that are left.
THIS_WEEK = re.compile(r"/holds/(?:new|first)\?[\w=&]*view=week(?!\S*day=)")
# ruff format writes all docstrings in these quotes. To parse every module takes a second.
MAY_BEGIN_SO = re.compile(rf'"""\\?\s*({VAGUE_START.pattern}|{NO_VERB.pattern})')
# In brackets, so that this line holds none of the words itself.
PRONOUN = re.compile(r"\b((?i:(some|no)body|who[e]ver)|w[e]|ou[r]|u[s])\b")


def test_files_are_short():
    lengths = {module: len(source.splitlines()) for module, source in written_modules().items()}
    assert {name: length for name, length in lengths.items() if length > MAX_FILE_LINES} == {}


def test_functions_are_short():
    lengths = {
        f"{module}.{function.name}": function.end_lineno - function.lineno + 1
        for module, source in modules().items()
        for function in functions(source)
    }
    assert {name: length for name, length in lengths.items() if length > MAX_FUNCTION_LINES} == {}


def test_hooks_leave_published_migrations_alone():
    """Given a file's name, ruff forgets what is excluded unless it is told so."""
    ruff = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["ruff"]
    assert (ruff["extend-exclude"], ruff["force-exclude"]) == (["dashboard/migrations"], True)


def test_no_private_name_is_imported():
    """Give a public name to everything that another module needs."""
    found = {
        module: private
        for module, source in modules().items()
        if (private := [name for name in imported_names(module, source) if is_private(name)])
    }
    assert found == {}


def is_private(name):
    return name.startswith("dashboard.") and name.rpartition(".")[2].startswith("_")


def test_docstrings_are_imperative():
    """Follow PEP 257: "Return …", not "What …" or "Whether …"."""
    documented = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
    found = [
        (module, docstring)
        for module, source in written_modules().items()
        if MAY_BEGIN_SO.search(source)
        for node in statements(parsed(source))
        if isinstance(node, documented) and (docstring := ast.get_docstring(node))
        if VAGUE_START.match(docstring)
        or (isinstance(node, documented[:2]) and NO_VERB.match(docstring))
    ]
    assert found == []


def test_prose_names_the_role():
    """Write "a person", "the holder" or "the local clock" instead of a pronoun."""
    sources = written_modules()
    for path in (*PROJECT.glob("*.md"), *PROJECT.glob("tests/*.md"), *PROJECT.glob("static/css/*")):
        sources[str(path.relative_to(PROJECT))] = path.read_text()
    found = {module: PRONOUN.search(source) for module, source in sources.items()}
    assert {module: match[0] for module, match in found.items() if match} == {}


def test_tests_open_no_week_without_its_day():
    """Else a test sees seven days on a Monday, and one on a Sunday."""
    found = {module: THIS_WEEK.findall(source) for module, source in modules("tests").items()}
    assert {module: paths for module, paths in found.items() if paths} == {}


def test_old_modules_are_gone():
    names = [name.rpartition(".")[2] for name in written_modules()]
    assert {name.removeprefix("test_") for name in names} & set(OLD_MODULES.split()) == set()


def test_old_identifiers_are_gone():
    old = set(OLD_IDENTIFIERS.split())
    found = {
        module: names
        for module, source in modules().items()
        if (names := old.intersection(defined_names(source)))
    }
    assert found == {}


def defined_names(source):
    """Yield the names that a module gives to functions, classes, parameters and variables."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
