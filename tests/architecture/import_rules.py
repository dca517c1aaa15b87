"""Import rules: what each package may import besides the standard library and itself."""

from __future__ import annotations

import sys

from tests.architecture.source import imported_names, package_of, starts_with

# The only module of a package below the pages that may import request or form code, and that no
# other module of the package may import.
VIEW_LAYER = {"dashboard.audit.forms"}
# The longest matching name applies. A listed name allows everything below it.
RULES: dict[str, set[str]] = {
    # The client knows HTTP and no Django; the sandbox knows neither the client nor Django.
    "dashboard.calcom": {"httpx", "httpcore"},  # httpx sends with httpcore
    "dashboard.sandbox": set(),
    "dashboard.edge": {"django"},
    "dashboard.edge.gunicorn": {"gunicorn"},
    "dashboard.edge.proxy_probe": {"django", "httpx"},  # fetches the site's own address
    "dashboard.edge.setting_readers": {"psycopg", "dashboard.localization.time_zones"},
    # Formats and folds text for all packages above.
    "dashboard.localization": {"django.conf", "django.utils"},
    # The audit log refers to people and holds by foreign keys only.
    "dashboard.audit": {"django", "orjson", "dashboard.localization", "dashboard.calcom.Exchange"},
    "dashboard.accounts": {
        "django",
        "django_htmx",
        "dashboard.localization",
        "dashboard.audit.trail",
        "dashboard.audit.lookalikes",
        "dashboard.edge.arrival",
        "dashboard.edge.diagnosis",
        "dashboard.edge.middleware",
    },
    # What all processes know of cal.com: nothing of holds.
    "dashboard.calcom_state": {
        "django.conf",
        "django.db",
        "django.utils",
        "dashboard.calcom",
        "dashboard.localization",
        "dashboard.audit.call_totals",
        "dashboard.audit.sanitize",
    },
    # Who and what the desk holds for.
    "dashboard.calendars": {
        "django.conf",
        "django.core.exceptions",
        "django.db",
        "django.utils",
        "dashboard.calcom",
        "dashboard.calcom_state",
        "dashboard.accounts.actors",
        "dashboard.accounts.models",
        "dashboard.audit.trail",
    },
    # No requests, forms or templates below a view.
    "dashboard.holds": {
        "django.conf",
        "django.db",
        "django.utils",
        "dashboard.calcom",
        "dashboard.calcom_state",
        "dashboard.calendars",
        "dashboard.localization",
        "dashboard.accounts.actors",
        "dashboard.accounts.models",
        "dashboard.audit.trail",
        "dashboard.audit.clients",
        "dashboard.audit.former_clients",
        "dashboard.audit.models",
        "dashboard.audit.saved_searches",
        "dashboard.audit.text_index",
    },
    "dashboard.pages": {
        "django",
        "dashboard.calendars",
        "dashboard.holds",
        "dashboard.calcom_state",
        "dashboard.localization",
        "django_htmx",
        "dashboard.accounts.actors",
        "dashboard.accounts.roles",
        "dashboard.accounts.models",
        "dashboard.accounts.saved_forms",
        "dashboard.audit.action_labels",
        "dashboard.audit.checkpoints",
        "dashboard.audit.clients",
        "dashboard.audit.entry_fields",
        "dashboard.audit.log_verification",
        "dashboard.audit.export",
        "dashboard.audit.forms",
        "dashboard.audit.models",
        "dashboard.audit.pictures",
        "dashboard.audit.retention",
        "dashboard.audit.saved_searches",
        "dashboard.audit.search",
        "dashboard.audit.stories",
        "dashboard.audit.timeline",
        "dashboard.audit.trail.Outcome",
        "dashboard.audit.trail.last_recorded",
        "dashboard.calcom.LARGEST_INTEGER",
        "dashboard.calcom.EventType",
        "dashboard.calcom.EventTypeKind",
        "dashboard.calcom.Reservation",
        "dashboard.edge.database.UnstoredSessionError",
    },
    # Django requires these at the top; they only refer to the packages.
    "dashboard.settings": {"django", "csp", "dashboard.edge"},
    "dashboard.urls": {
        "django",
        "dashboard.accounts.access",
        "dashboard.accounts.admin",
        "dashboard.accounts.passwords",
        "dashboard.accounts.views",
        "dashboard.edge.echo",
        "dashboard.edge.health",
        "dashboard.edge.icon",
        "dashboard.pages",
    },
    "dashboard.wsgi": {"django", "dashboard.edge.wsgi_middleware"},
    "dashboard.apps": {
        "django",
        "dashboard.accounts.roles",
        "dashboard.audit.triggers",
        "dashboard.edge.checks",
        "dashboard.edge.database",
    },
    "dashboard.models": {
        "dashboard.accounts.models",
        "dashboard.audit.call_totals",
        "dashboard.audit.checkpoints",
        "dashboard.audit.logged_actions",
        "dashboard.audit.models",
        "dashboard.audit.rollups",
        "dashboard.audit.saved_searches",
        "dashboard.calendars.models",
        "dashboard.holds.models",
        "dashboard.calcom_state.models",
    },
    "dashboard.metrics": {
        "django",
        "prometheus_client",
        "dashboard.audit.call_totals",
        "dashboard.audit.models",
        "dashboard.edge.arrival",
        "dashboard.edge.database",
        "dashboard.edge.health",
        "dashboard.edge.middleware",
        "dashboard.holds",
        "dashboard.calcom_state",
    },
    "dashboard.templatetags": {"django", "dashboard.localization"},
    "dashboard.migrations": {"django", "dashboard"},
    "dashboard.management": {
        "django",
        "dashboard.accounts.actors",
        "dashboard.accounts.people",
        "dashboard.accounts.models",
        "dashboard.accounts.roles",
        "dashboard.accounts.throttling",
        "dashboard.audit.checkpoints",
        "dashboard.audit.log_verification",
        "dashboard.audit.export",
        "dashboard.audit.forms",
        "dashboard.audit.models",
        "dashboard.audit.origin",
        "dashboard.audit.retention",
        "dashboard.audit.stream",
        "dashboard.audit.trail",
        "dashboard.audit.triggers",
        "dashboard.calcom",
        "dashboard.calendars",
        "dashboard.edge",
        "dashboard.holds",
        "dashboard.calcom_state",
        "dashboard.localization.local_times",
        "dashboard.sandbox",
    },
}


def forbidden_imports(module: str, source: str) -> list[str]:
    """Return the imports of a module that no rule allows."""
    allowed = {package_of(module), *RULES.get(rule_of(module), ())}
    views = {view for view in VIEW_LAYER if package_of(view) == package_of(module)}
    if module in VIEW_LAYER:
        views = set()
    return sorted(
        name
        for name in imported_names(module, source, typing_only=False)
        if name.partition(".")[0] not in sys.stdlib_module_names
        if starts_with(name, views) or not starts_with(name, allowed)
    )


def rule_of(module: str) -> str:
    """Return the longest name in RULES that applies to a module; "" without one."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in names if name in RULES), "")
