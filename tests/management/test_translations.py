"""Every text of the user interface is translatable, and translated into every language."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils import translation

from tests.architecture.source import PROJECT, modules, parsed
from tests.parts import program, require
from tests.serving import environment

LOCALE = PROJECT / "dashboard/locale"
LANGUAGES = sorted(path.name for path in LOCALE.iterdir())
DJANGO_WORDS = PROJECT / "dashboard/django_words"
# Names that ``manage.py translate`` collects; it would miss texts under any other alias.
NAMES = {
    "gettext": {"_", "gettext"},
    "gettext_lazy": {"_", "_lazy", "gettext_lazy"},
    "ngettext": {"ngettext"},
    "ngettext_lazy": {"ngettext_lazy"},
    "pgettext": {"pgettext"},
    "pgettext_lazy": {"pgettext_lazy"},
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w+\}|</?\w+>")
# Literal text in a template: between tags or in attributes that people read or hear.
LITERAL = re.compile(
    r">([^<]*[A-Za-z]{2}[^<]*)<|\b(?:aria-label|alt|title|placeholder)=\"([^\"]+)\""
)
# Names that are the same in every language.
UNTRANSLATED = {"Holdfast", "wall"}  # a class of the stylesheet


def catalogue(language: str, folder: Path = LOCALE) -> polib.POFile:
    return polib.pofile(str(folder / language / "LC_MESSAGES/django.po"))


def texts(entries: polib.POFile | polib.MOFile) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return the translations by context, text and plural."""
    return {
        (entry.msgctxt or "", entry.msgid, entry.msgid_plural): (
            entry.msgstr,
            *entry.msgstr_plural.values(),
        )
        for entry in entries
    }


def aliases(source: str) -> list[tuple[str, str]]:
    """Return (function, alias) of the translation functions that a module imports."""
    return [
        (name.name, name.asname or name.name)
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.name in NAMES
    ]


def texts_in_f_strings(source: str) -> list[str]:
    """Return calls inside f-strings, where xgettext does not find them."""
    calls = [
        call
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.JoinedStr)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    ]
    return [ast.unparse(call) for call in calls if ast.unparse(call.func) in ("_", "_lazy")]


def literals(template: str) -> list[str]:
    """Return the texts of a template that no tag translates."""
    text = re.sub(
        r"(?s)\{% blocktranslate.*?endblocktranslate %\}|\{#.*?#\}|<!--.*?-->", "", template
    )
    text = re.sub(r"(?s)\{%.*?%\}|\{\{.*?\}\}", "", text)
    text = re.sub(r"<!doctype html>|<(kbd|code)>[^<]*</\1>|&\w+;", "", text)
    found = [one or other for one, other in LITERAL.findall(text)]
    words = [word.strip() for word in found if re.search(r"[A-Za-z]{2}", word)]
    return [word for word in words if word not in UNTRANSLATED and not word.endswith("· Holdfast")]


def test_settings_offer_the_existing_languages() -> None:
    offered = sorted(code for code, _name in settings.LANGUAGES)
    assert offered == sorted(["en", *LANGUAGES])


@pytest.mark.parametrize("language", LANGUAGES)
class TestCatalogue:
    def test_all_texts_are_translated(self, language: str) -> None:
        found = catalogue(language)
        assert [entry.msgid for entry in found.untranslated_entries()] == []
        assert [entry.msgid for entry in found.fuzzy_entries()] == []
        assert [entry.msgid for entry in found.obsolete_entries()] == []

    @pytest.mark.slow  # runs GNU gettext
    def test_has_exactly_the_texts_of_the_sources(self, language: str, tmp_path: Path) -> None:
        require("GNU gettext", program("xgettext") and program("msgfmt"))
        fresh = translate_copy(tmp_path)
        assert texts(catalogue(language, fresh)) == texts(catalogue(language))

    @pytest.mark.parametrize("folder", [LOCALE, DJANGO_WORDS], ids=["locale", "django_words"])
    def test_compiled_file_is_current(self, language: str, folder: Path) -> None:
        compiled = polib.mofile(str(folder / language / "LC_MESSAGES/django.mo"))
        assert texts(compiled) == texts(catalogue(language, folder))

    def test_texts_of_the_pages_about_people_keep_their_meaning(self, language: str) -> None:
        """A text replaces Django's own of the same words, where neither has a context."""
        folder = Path(admin.__file__).parent / "locale" / language
        djangos, ours = (
            texts(polib.pofile(str(folder / "LC_MESSAGES/django.po"))),
            texts(catalogue(language)),
        )
        changed = {key[1] for key in djangos.keys() & ours if djangos[key] != ours[key]}
        assert changed <= {"Action", "None", "Remove", "Save", "Show all"}

    def test_placeholders_are_kept(self, language: str) -> None:
        wrong = [
            (entry.msgid, said)
            for entry in catalogue(language)
            for said in (entry.msgstr, *entry.msgstr_plural.values())
            if said
            and placeholders(said)
            not in (
                placeholders(entry.msgid),
                placeholders(entry.msgid_plural or entry.msgid),
            )
        ]
        assert wrong == []


def refused(field: forms.Field, value: object) -> str:
    """Return what a field says of a wrong value."""
    with pytest.raises(ValidationError) as refusal:
        field.clean(value)
    return " ".join(refusal.value.messages)


def test_fields_refuse_in_the_words_of_the_product() -> None:
    """A new version of Django may have other texts, for which other words are needed."""
    text, number = forms.CharField(max_length=3), forms.IntegerField(min_value=1, max_value=2)
    wrong: list[tuple[forms.Field, object]] = [
        (text, ""),
        (text, "four"),
        (text, "\0"),
        (number, "one"),
        (number, "0"),
        (number, "3"),
        (forms.DateField(), "soon"),
        (forms.TimeField(), "noon"),
        (forms.ChoiceField(), "b"),
        (forms.MultipleChoiceField(), ["b"]),
    ]
    assert [refused(*each) for each in wrong] == [
        "Fill in this field.",
        "At most 3 characters. These are 4.",
        "A character in it cannot be stored. Type it anew.",
        "Enter a whole number.",
        "Not below 1.",
        "Not above 2.",
        "Enter a date, such as 2027-03-24.",
        "Enter a time, such as 14:30.",
        "b is not offered. Choose again.",
        "b is not offered. Choose again.",
    ]
    with translation.override("de"):
        assert [refused(*each) for each in wrong] == [
            "Füllen Sie dieses Feld aus.",
            "Höchstens 3 Zeichen. Das sind 4.",
            "Ein Zeichen darin kann nicht gespeichert werden. Tippen Sie es neu.",
            "Geben Sie eine ganze Zahl ein.",
            "Nicht unter 1.",
            "Nicht über 2.",
            "Geben Sie ein Datum ein, etwa 2027-03-24.",
            "Geben Sie eine Uhrzeit ein, etwa 14:30.",
            "b wird nicht angeboten. Wählen Sie noch einmal.",
            "b wird nicht angeboten. Wählen Sie noch einmal.",
        ]


def test_german_has_no_preposition_before_a_moment() -> None:
    """A moment of another day has its date, and "um Mo, 30. Nov 14:05" is wrong."""
    translated = [text for found in texts(catalogue("de")).values() for text in found]
    assert [text for text in translated if re.search(r"\bum %\(", text)] == []


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def translate_copy(folder: Path) -> Path:
    """Copy the sources, run ``manage.py translate``, and return the new locale folder."""
    for part in ("dashboard", "static", "templates"):
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


def test_translation_functions_have_collected_aliases() -> None:
    found = {name: aliases(source) for name, source in modules().items()}
    wrong = {
        name: [(function, alias) for function, alias in used if alias not in NAMES[function]]
        for name, used in found.items()
    }
    assert {name: used for name, used in wrong.items() if used} == {}
    assert ("gettext", "_") in found["dashboard.pages.flash"]


def test_no_text_in_an_f_string() -> None:
    found = {name: texts_in_f_strings(source) for name, source in modules().items()}
    assert {name: texts for name, texts in found.items() if texts} == {}
    assert texts_in_f_strings("""f"{_('here')} and there\"""") == ["_('here')"]


def test_templates_have_no_untranslatable_text() -> None:
    templates = sorted((PROJECT / "templates").rglob("*.html"))
    found = {str(path.relative_to(PROJECT)): literals(path.read_text()) for path in templates}
    assert len(found) > 100
    assert {path: texts for path, texts in found.items() if texts} == {}


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
def test_untranslatable_text_is_detected(template: str, found: list[str]) -> None:
    assert literals(template) == found
