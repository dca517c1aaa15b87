"""Packages import only what the rules allow, and never each other in a cycle."""

import re
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.architecture.import_rules import RULES, VIEW_LAYER, forbidden_imports, rule_of
from tests.architecture.source import (
    functions,
    imported_names,
    modules,
    package_of,
    starts_with,
)


def test_imports_follow_the_rules():
    found = {name: forbidden_imports(name, source) for name, source in modules().items()}
    assert {name: imports for name, imports in found.items() if imports} == {}


def test_rules_allow_only_what_is_imported():
    imports = {rule: set() for rule in RULES}
    for module, source in modules().items():
        if rule := rule_of(module):
            imports[rule] |= imported_names(module, source)
    idle = {
        (rule, name)
        for rule, allowed in RULES.items()
        for name in allowed
        if not any(starts_with(each, (name,)) for each in imports[rule])
    }
    assert idle == set()


def package_imports(sources):
    """Return the packages of the product that each package imports, for typing included."""
    graph = {}
    for module, source in sources.items():
        package = package_of(module)
        imported = {package_of(name) for name in imported_names(module, source)}
        imported = {name for name in imported if name.startswith("dashboard.")} - {package}
        graph.setdefault(package, set()).update(imported)
    return graph


def test_packages_have_no_import_cycle():
    TopologicalSorter(package_imports(modules())).prepare()  # raises CycleError


def test_import_cycles_are_detected():
    cycle = {
        "dashboard.audit.trail": "from dashboard.accounts.actors import Actor",
        "dashboard.accounts.people": "from dashboard.audit import trail",
    }
    with pytest.raises(CycleError, match="nodes are in a cycle"):
        TopologicalSorter(package_imports(cycle)).prepare()


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
        ("dashboard.audit.forms", "from dashboard.accounts.models import User", None),
        ("dashboard.holds.services", "import httpx", "httpx"),
        ("dashboard.holds.services", "from django.http import HttpRequest", None),
        ("dashboard.holds.services", "def late():\n    from django import forms", None),
        ("dashboard.pages.views", "from dashboard.calcom import Client", None),
        ("dashboard.holds.services", "from .. import edge", "dashboard.edge"),
        ("dashboard.holds.services", "from dashboard.pages.forms import PlaceForm", None),
        ("dashboard.holds.services", "from .. import pages", "dashboard.pages"),
        ("dashboard.audit.trail", "from dashboard.audit import forms", None),
        ("dashboard.new_package", "import django", "django"),
        ("dashboard.holds.services", "import tests.parts", "tests.parts"),
        ("dashboard.accounts.access", "from django_stubs_ext import StrOrPromise", None),
    ],
)
def test_forbidden_imports_are_detected(module, line, found):
    expected = found or ".".join(line.split("from ")[-1].split(" import "))
    assert forbidden_imports(module, line) == [expected]


def test_allowed_imports_pass():
    lines = "from dashboard.calcom import Client\nfrom . import rules\nfrom .models import Hold"
    assert forbidden_imports("dashboard.holds.calls", lines) == []


def test_rules_do_not_apply_to_imports_for_type_checkers():
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import django_stubs_ext"
    assert forbidden_imports("dashboard.accounts.access", source) == []


def test_rules_name_existing_modules():
    existing = {".".join(name.split(".")[:length]) for name in modules() for length in (2, 3)}
    assert sorted({*RULES, *VIEW_LAYER} - existing) == []


def test_no_request_below_a_view():
    found = [
        f"{module}.{function.name}"
        for module, source in modules().items()
        if package_of(module) in ("dashboard.holds", "dashboard.audit") and module not in VIEW_LAYER
        for function in functions(source)
        if "request" in [arg.arg for arg in (*function.args.args, *function.args.kwonlyargs)]
    ]
    assert found == []


def test_holds_take_the_time_as_a_parameter():
    readers = [
        module
        for module, source in modules().items()
        if package_of(module) == "dashboard.holds"
        if re.search(r"\b(time(zone)?|date(time)?)\.(now|utcnow|today|time)\(", source)
    ]
    assert readers == []


def test_one_module_creates_clients_of_cal_com():
    clients = {"dashboard.calcom.Client", "dashboard.calcom.AsyncClient"}
    users = [
        module
        for module, source in modules().items()
        if package_of(module) != "dashboard.calcom"
        if "Client(" in source and clients & imported_names(module, source)
    ]
    assert users == ["dashboard.calcom_state.calcom_client"]


def test_one_module_writes_audit_entries():
    writes = ("AuditEntry(", "AuditEntry.objects.create", "AuditEntry.objects.bulk_create")
    writers = [
        module
        for module, source in modules().items()
        if any(write in source.replace("class AuditEntry(", "") for write in writes)
    ]
    assert writers == ["dashboard.audit.trail"]


def test_one_module_reads_the_environment():
    readers = {
        module
        for module, source in modules().items()
        if "os.environ" in source or "getenv" in source or "dashboard.edge.environment" in source
    }
    assert readers <= {
        "dashboard.edge.environment",
        "dashboard.settings",
        "dashboard.edge.gunicorn",  # the format of its own log, before Django has settings
        "dashboard.wsgi",  # sets DJANGO_SETTINGS_MODULE, as Django generates it
        "dashboard.management.commands.backup",  # gives its child process the password
        "dashboard.management.demonstration",  # creates the environment of its child processes
    }
