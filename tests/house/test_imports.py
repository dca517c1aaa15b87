"""The arrows between the rooms are the ones drawn, and nothing else."""

import ast

import pytest

from tests.house.arrows import ARROWS, imports, is_above, modules, not_drawn

PRODUCT = dict(modules())


def test_nobody_imports_what_no_arrow_allows():
    wrong = {name: not_drawn(name, source) for name, source in PRODUCT.items()}
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    ("module", "line", "found"),
    [
        ("dashboard.calcom.client", "import django", "django"),
        ("dashboard.calcom.client", "from dashboard.sandbox import World", None),
        ("dashboard.sandbox.fixtures", "from dashboard.calcom.types import Slot", None),
        ("dashboard.sandbox.fixtures", "from django.utils import timezone", None),
        ("dashboard.edge.health", "from dashboard.holds.models import Hold", None),
        ("dashboard.accounts.access", "from dashboard.holds import models", None),
        ("dashboard.audit.trail", "from dashboard.holds.models import Hold", None),
        ("dashboard.audit.trail", "from dashboard import holds", None),
        ("dashboard.holds.services", "import httpx", "httpx"),
        ("dashboard.holds.services", "from django.http import HttpRequest", None),
        ("dashboard.holds.services", "def late():\n    from django import forms", None),
        ("dashboard.pages.views", "from dashboard.calcom import Client", None),
        ("dashboard.holds.services", "from .. import edge", "dashboard.edge"),
        ("dashboard.holds.services", "from dashboard.pages.forms import PlaceForm", None),
        ("dashboard.holds.services", "from .. import pages", "dashboard.pages"),
        ("dashboard.audit.trail", "from dashboard.audit import views", None),
        ("dashboard.new_room", "import django", "django"),
        ("dashboard.holds.services", "import tests.parts", "tests.parts"),
        ("dashboard.accounts.access", "from django_stubs_ext import StrOrPromise", None),
    ],
)
def test_a_wrong_arrow_would_be_found(module, line, found):
    expected = found or ".".join(line.split("from ")[-1].split(" import "))
    assert not_drawn(module, line) == [expected]


def test_a_right_arrow_passes():
    line = "from dashboard.calcom import Client\nfrom . import rules\nfrom .models import Hold"
    assert not_drawn("dashboard.holds.calls", line) == []


def test_what_only_a_type_checker_sees_is_no_arrow():
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import django_stubs_ext"
    assert imports("dashboard.accounts.access", source) == {"typing.TYPE_CHECKING"}


def test_every_rule_is_about_something_that_exists():
    there = {".".join(name.split(".")[:n]) for name in PRODUCT for n in (2, 3)}
    assert sorted(set(ARROWS) - there) == []


def test_below_a_view_nothing_takes_a_request():
    """A view turns the request into an Actor once; what is below sees that."""
    rooms = ("dashboard.holds.", "dashboard.audit.")
    found = [
        f"{name}.{node.name}"
        for name, source in PRODUCT.items()
        if name.startswith(rooms) and not is_above(name)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and "request" in [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)]
    ]
    assert found == []


def test_the_environment_is_read_in_one_place():
    """By ``edge.environment`` for the settings; the demo makes one for its children."""
    readers = {
        name
        for name, source in PRODUCT.items()
        if "os.environ" in source or "getenv" in source or "dashboard.edge.environment" in source
    }
    assert readers <= {
        "dashboard.edge.environment",
        "dashboard.settings",
        "dashboard.wsgi",  # names the settings module, as Django makes it
        "dashboard.management.demonstration",
    }
