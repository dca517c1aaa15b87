"""Templates comply with the Content-Security-Policy: nothing inline or from other hosts."""

import re

import pytest

from tests.architecture.source import PROJECT, modules

TEMPLATES = sorted((PROJECT / "templates").rglob("*.html"))
# Patterns that the policy would block in a browser, or that would need eval.
FORBIDDEN = {
    "inline script": r"<script(?![^>]*\ssrc=)",
    "inline style sheet": r"<style\b",
    "style attribute": r"<[a-z][^>]*\sstyle\s*=",
    "event handler": r"<[a-z][^>]*\son[a-z]+\s*=",
    "hx-on": r"\bhx-on\b",
    "code in a value": r"\bjs:|javascript:",
    "trigger condition": r"hx-trigger=\"[^\"]*\[",
    "other host": r"<(?:script|link|img|use)\b[^>]*(?:src|href)=[\"'](?:https?:)?//",
    "unescaped value": r"\|\s*safe\b|autoescape off",
}


def without_comments(text):
    return re.sub(r"\{#.*?#\}|\{% comment.*?endcomment %\}|<!--.*?-->", "", text, flags=re.DOTALL)


def violations(text):
    clean = without_comments(text)
    return [name for name, pattern in FORBIDDEN.items() if re.search(pattern, clean, re.IGNORECASE)]


def test_texts_have_straight_apostrophes():
    sources = {path.name: path.read_text() for path in TEMPLATES} | modules()
    curly = "\N{RIGHT SINGLE QUOTATION MARK}"
    assert [name for name, source in sources.items() if curly in source] == []


def test_each_text_for_scripts_has_a_name_of_its_own():
    names = re.findall(r'data-text="(\w+)"', (PROJECT / "templates/_script_texts.html").read_text())
    assert len(set(names)) == len(names)


def test_lines_are_short_enough_to_read():
    lines = [(path.name, line) for path in TEMPLATES for line in path.read_text().splitlines()]
    assert [(name, line) for name, line in lines if len(line) > 160] == []


def test_there_are_templates_to_check():
    assert "base.html" in [path.name for path in TEMPLATES]


def test_templates_comply_with_the_policy():
    found = {str(path.relative_to(PROJECT)): violations(path.read_text()) for path in TEMPLATES}
    assert {path: broken for path, broken in found.items() if broken} == {}


@pytest.mark.parametrize(
    ("text", "violation"),
    [
        ("<script>alert(1)</script>", "inline script"),
        ("<script type=module>go()</script>", "inline script"),
        ("<STYLE>p{}</STYLE>", "inline style sheet"),
        ('<p class="a" style="color:red">', "style attribute"),
        ('<button\n onclick="go()">', "event handler"),
        ('<p hx-on:click="go()">', "hx-on"),
        ("<p hx-vals='js:{a: 1}'>", "code in a value"),
        ('<a href="javascript:go()">', "code in a value"),
        ('<p hx-trigger="click[shiftKey]">', "trigger condition"),
        ('<script src="//cdn.example.org/a.js">', "other host"),
        ("{{ note|safe }}", "unescaped value"),
    ],
)
def test_violations_are_detected(text, violation):
    assert violations(text) == [violation]


def test_refusals_have_the_focus_also_without_scripts():
    notices = [
        notice
        for path in TEMPLATES
        for notice in re.findall(r'<div[^>]*class="notice[^>]*>', path.read_text())
        if "data-focus-first" in notice
    ]
    assert len(notices) > 4
    assert [notice for notice in notices if " autofocus " not in notice] == []


def test_texts_of_calcom_are_marked_as_english():
    """A screen reader would read them as German words on a German page: WCAG 2.2, 3.1.2."""
    of_calcom = re.compile(r"<[^<>]*>(?=\{\{ (?:call\.next\.message|problem\.details) \}\})")
    tags = [tag for path in TEMPLATES for tag in of_calcom.findall(path.read_text())]
    assert sorted(tags) == ['<pre lang="en">', '<small lang="en">']


def test_post_forms_have_a_csrf_token_and_an_action():
    """Forms must work without JavaScript."""
    found = []
    for path in TEMPLATES:
        for form in re.findall(r"<form\b.*?</form>", path.read_text(), re.DOTALL | re.IGNORECASE):
            head = form[: form.index(">")]
            if 'method="post"' in head:
                whole = "{% csrf_token %}" in form and re.search(r"\baction=", head)
                found += [] if whole else [f"{path.name}: {head}"]
    assert found == []


def test_filters_are_those_of_the_address():
    """A browser without scripts would go back to a list with filters that were chosen later."""
    forms = [
        form
        for path in TEMPLATES
        for form in re.findall(r"<form\b[^>]*>", path.read_text())
        if 'method="get"' in form and "filters" in form
    ]
    assert len(forms) == 4
    assert [form for form in forms if 'autocomplete="off"' not in form] == []
