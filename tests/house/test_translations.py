"""Every text that people see can be translated, and in German every one is."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.conf import settings

from tests.house.arrows import PROJECT, modules
from tests.parts import program, require
from tests.serving import environment

LOCALE = PROJECT / "dashboard/locale"
LANGUAGES = sorted(path.name for path in LOCALE.iterdir())
# What translate collects from. Any other name for one of Django's functions would be missed.
NAMES = {
    "gettext": {"_", "gettext"},
    "gettext_lazy": {"_", "_lazy", "gettext_lazy"},
    "ngettext": {"ngettext"},
    "ngettext_lazy": {"ngettext_lazy"},
    "pgettext": {"pgettext"},
    "pgettext_lazy": {"pgettext_lazy"},
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w+\}|</?\w+>")
# Words that stand in the page itself: between tags, or in what is read out or hinted.
LITERAL = re.compile(
    r">([^<]*[A-Za-z]{2}[^<]*)<|\b(?:aria-label|alt|title|placeholder)=\"([^\"]+)\""
)
# A name of ours, names of parts of other programs, keys of a keyboard.
NO_WORDS = {"Holdfast"}


def catalogue(language: str, folder: Path = LOCALE) -> polib.POFile:
    return polib.pofile(str(folder / language / "LC_MESSAGES/django.po"))


def texts(entries: polib.POFile | polib.MOFile) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Each text with its translations, by number where there are several."""
    return {
        (entry.msgctxt or "", entry.msgid, entry.msgid_plural): (
            entry.msgstr,
            *entry.msgstr_plural.values(),
        )
        for entry in entries
    }


def aliases(source: str) -> list[tuple[str, str]]:
    """Which of Django's functions a module calls by which name."""
    return [
        (name.name, name.asname or name.name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.name in NAMES
    ]


def hidden(source: str) -> list[str]:
    """Texts inside f-strings, where they cannot be collected from."""
    calls = [
        call
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.JoinedStr)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    ]
    return [ast.unparse(call) for call in calls if ast.unparse(call.func) in ("_", "_lazy")]


def literals(template: str) -> list[str]:
    """Words of a template that no tag translates."""
    text = re.sub(
        r"(?s)\{% blocktranslate.*?endblocktranslate %\}|\{#.*?#\}|<!--.*?-->", "", template
    )
    text = re.sub(r"(?s)\{%.*?%\}|\{\{.*?\}\}", "", text)
    text = re.sub(r"<!doctype html>|<(kbd|code)>[^<]*</\1>|&\w+;", "", text)
    found = [one or other for one, other in LITERAL.findall(text)]
    words = [word.strip() for word in found if re.search(r"[A-Za-z]{2}", word)]
    return [word for word in words if word not in NO_WORDS and not word.endswith("· Holdfast")]


def test_the_settings_offer_what_there_is() -> None:
    offered = sorted(code for code, _name in settings.LANGUAGES)
    assert offered == sorted(["en", *LANGUAGES])


@pytest.mark.parametrize("language", LANGUAGES)
class TestALanguage:
    def test_is_complete(self, language: str) -> None:
        found = catalogue(language)
        assert [entry.msgid for entry in found.untranslated_entries()] == []
        assert [entry.msgid for entry in found.fuzzy_entries()] == []
        assert [entry.msgid for entry in found.obsolete_entries()] == []

    def test_has_the_texts_of_the_sources_and_no_others(
        self, language: str, tmp_path: Path
    ) -> None:
        require("GNU gettext", program("xgettext") and program("msgfmt"))
        again = translated_again(tmp_path)
        assert texts(catalogue(language, again)) == texts(catalogue(language))

    def test_is_compiled_as_it_is_written(self, language: str) -> None:
        compiled = polib.mofile(str(LOCALE / language / "LC_MESSAGES/django.mo"))
        assert texts(compiled) == texts(catalogue(language))

    def test_keeps_what_is_put_into_a_text(self, language: str) -> None:
        wrong = [
            (entry.msgid, said)
            for entry in catalogue(language)
            for said in (entry.msgstr, *entry.msgstr_plural.values())
            if said
            and names(said) not in (names(entry.msgid), names(entry.msgid_plural or entry.msgid))
        ]
        assert wrong == []


def names(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def translated_again(folder: Path) -> Path:
    """The sources in another folder, with ``manage.py translate`` run on them."""
    for part in ("dashboard", "templates"):
        shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "manage.py", folder)
    done = subprocess.run(
        [sys.executable, "manage.py", "translate"],
        cwd=folder,
        env=environment(public_url="http://localhost", database_url=str(folder / "none")),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return folder / "dashboard/locale"


def test_nobody_calls_the_functions_by_a_name_that_is_not_collected() -> None:
    found = {name: aliases(source) for name, source in modules()}
    wrong = {
        name: [(function, alias) for function, alias in used if alias not in NAMES[function]]
        for name, used in found.items()
    }
    assert {name: used for name, used in wrong.items() if used} == {}
    assert ("gettext", "_") in found["dashboard.pages.flash"]


def test_no_text_hides_in_an_f_string() -> None:
    found = {name: hidden(source) for name, source in modules()}
    assert {name: texts for name, texts in found.items() if texts} == {}
    assert hidden("""f"{_('here')} and there\"""") == ["_('here')"]


@pytest.mark.parametrize(
    "path", sorted((PROJECT / "templates").rglob("*.html")), ids=lambda path: path.name
)
def test_a_template_has_no_words_that_nobody_can_translate(path: Path) -> None:
    assert literals(path.read_text()) == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<p>{% translate "Hello" %}</p>', []),
        ('<p aria-label="Hello"></p>', ["Hello"]),
        ("<p aria-label=\"{% translate 'Hello' %}\"></p>", []),
        ("<p>{% blocktranslate %}Hello{% endblocktranslate %} {{ you }}</p>", []),
    ],
)
def test_words_that_nobody_can_translate_would_be_found(template: str, found: list[str]) -> None:
    assert literals(template) == found
