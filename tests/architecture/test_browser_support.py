"""Scripts and styles run in the oldest browsers that the README names.

Of Firefox 115 and Safari 16.4 no test machine has a copy, so what they lack is listed here.
"""

import re

import pytest

from tests.architecture.source import PROJECT

STATIC = PROJECT / "static"
STYLES = sorted((STATIC / "css").glob("*.css"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
# Newer than Chrome 111, Firefox 115 or Safari 16.4.
NEW_IN_STYLES = r"light-dark\(|@starting-style|@container style|@scope|anchor\(|\bround\("
NEW_IN_SCRIPTS = (
    r"checkVisibility|\.aria[A-Z]\w+|:has\(|Promise\.withResolvers|Object\.groupBy|Map\.groupBy"
    r"|\.to(Sorted|Reversed|Spliced)\(|URL\.canParse|structuredClone|startViewTransition"
    r"|popover|\.intersection\(|\.difference\(|AbortSignal\.any"
)


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_styles_use_nothing_newer(path):
    assert re.findall(NEW_IN_STYLES, path.read_text()) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_use_nothing_newer(path):
    assert [match[0] for match in re.finditer(NEW_IN_SCRIPTS, path.read_text())] == []


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_no_rule_is_lost_for_a_selector_with_has(path):
    """Firefox 115 drops a whole list of selectors for one :has(), unless it is within :is()."""
    rules = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    rules = re.sub(r"@supports selector\(:has\(a\)\) \{.*?\n\}\n", "", rules, flags=re.DOTALL)
    lists = [one.strip() for one in re.findall(r"([^{};]+)\{", rules) if ":has(" in one]
    lost = [one for one in lists if "," in without_groups(one)]
    assert lost == []


def without_groups(selector):
    """Return the selector without what stands in parentheses."""
    while (shorter := re.sub(r"\([^()]*\)", "", selector)) != selector:
        selector = shorter
    return selector


def test_content_with_alternative_text_has_a_plain_one_before():
    """Firefox before 128 and Safari before 17.4 drop ``content: "▲" / ""``."""
    css = (STATIC / "css" / "holdfast.css").read_text()
    css = re.sub(r"@supports selector\(:has\(a\)\) \{.*?\n\}\n", "", css, flags=re.DOTALL)
    marks = re.findall(r'(content: "[^"]+"; )?content: "[^"]+" / ""', css)
    assert len(marks) == 2
    assert all(marks)
