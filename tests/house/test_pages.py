"""Templates keep to the strict policy for content: nothing inline, nothing from elsewhere."""

import re

import pytest

from tests.house.arrows import PROJECT

TEMPLATES = sorted((PROJECT / "templates").rglob("*.html"))
# What each forbids, and why the browser or htmx would need more than the policy gives.
FORBIDDEN = {
    "a script in the page": r"<script(?![^>]*\ssrc=)",
    "a style in the page": r"<style\b",
    "a style on an element": r"<[a-z][^>]*\sstyle\s*=",
    "a handler on an element": r"<[a-z][^>]*\son[a-z]+\s*=",
    "a handler of htmx": r"\bhx-on\b",
    "a value that is code": r"\bjs:|javascript:",
    "a trigger with a condition": r"hx-trigger=\"[^\"]*\[",
    "a file from elsewhere": r"<(?:script|link|img|use)\b[^>]*(?:src|href)=[\"'](?:https?:)?//",
    "an unescaped value": r"\|\s*safe\b|autoescape off",
}


def without_comments(text):
    return re.sub(r"\{#.*?#\}|\{% comment.*?endcomment %\}|<!--.*?-->", "", text, flags=re.DOTALL)


def wrongs(text):
    clean = without_comments(text)
    return [name for name, what in FORBIDDEN.items() if re.search(what, clean, re.IGNORECASE)]


def test_there_are_templates_to_look_at():
    assert "base.html" in [path.name for path in TEMPLATES]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_template_has_nothing_that_the_policy_forbids(path):
    assert wrongs(path.read_text()) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("<script>alert(1)</script>", "a script in the page"),
        ("<script type=module>go()</script>", "a script in the page"),
        ("<STYLE>p{}</STYLE>", "a style in the page"),
        ('<p class="a" style="color:red">', "a style on an element"),
        ('<button\n onclick="go()">', "a handler on an element"),
        ('<p hx-on:click="go()">', "a handler of htmx"),
        ("<p hx-vals='js:{a: 1}'>", "a value that is code"),
        ('<a href="javascript:go()">', "a value that is code"),
        ('<p hx-trigger="click[shiftKey]">', "a trigger with a condition"),
        ('<script src="//cdn.example.org/a.js">', "a file from elsewhere"),
        ("{{ note|safe }}", "an unescaped value"),
    ],
)
def test_each_wrong_would_be_found(text, wrong):
    assert wrongs(text) == [wrong]


def test_every_form_that_posts_carries_a_token_and_an_address():
    """A plain form works without JavaScript; htmx only makes it better."""
    found = []
    for path in TEMPLATES:
        for form in re.findall(r"<form\b.*?</form>", path.read_text(), re.DOTALL | re.IGNORECASE):
            head = form[: form.index(">")]
            if 'method="post"' in head:
                whole = "{% csrf_token %}" in form and re.search(r"\baction=", head)
                found += [] if whole else [f"{path.name}: {head}"]
    assert found == []
