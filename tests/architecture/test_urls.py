"""Access policy of every URL, found by walking the URLconf."""

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from dashboard.accounts.access import Policy, policy_of

PUBLIC = {
    "livez",
    "readyz",
    "proxy-check",
    "favicon",
    "login",
    "logout",
}  # a new public view must be added here
SAMPLES = {"app_label": "dashboard", "url": "nothing/"}


def walk(resolver, namespace=""):
    """Yield name, parameters and view of every URL."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from walk(entry, inner)
        else:
            parameters = list(entry.pattern.regex.groupindex)
            yield f"{namespace}{entry.name}", parameters, entry.callback


VIEWS = list(walk(get_resolver()))
PROTECTED = [
    found
    for found in VIEWS
    if found[0] not in PUBLIC and not found[0].endswith("None")  # cannot be reversed
]


def address(name, parameters):
    return reverse(name, kwargs={word: SAMPLES.get(word, "1") for word in parameters})


def test_walk_finds_all_views():
    names = {name for name, _, _ in VIEWS}
    assert names >= PUBLIC | {"admin:index", "admin:dashboard_user_change"}


def test_only_listed_views_are_public():
    public = {name for name, _, view in VIEWS if policy_of(view) is Policy.PUBLIC}
    assert public == PUBLIC


def test_only_listed_views_are_for_admins():
    """No other page of Django's admin exists."""
    admins_only = {name for name, _, view in VIEWS if policy_of(view) is Policy.ADMINS}
    assert admins_only == {
        "audit",
        "audit-entry",
        "audit-export",
        "audit-news",
        "audit-pictures",
        "audit-search",
        "audit-searches",
        "audit-searches-of-others",
        "audit-retention",
        "hold-erase",
        "audit-verify",
        "finding-put-aside",
        "calendars",
        "calendar",
        "calendar-position",
        "calendar-remove",
        "admin:index",
        "admin:login",
        "admin:app_list",
        "admin:jsi18n",
        "admin:dashboard_user_changelist",
        "admin:dashboard_user_add",
        "admin:dashboard_user_change",
    }
    assert {name for name, _, _ in VIEWS if name.startswith("admin:")} <= admins_only


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post", "head", "put", "delete", "options"])
def test_anonymous_requests_are_redirected_to_sign_in(method):
    # The middleware does not ask for the method: all pages by the usual two, some by the others.
    every = 1 if method in ("get", "post") else 5
    paths = [address(name, parameters) for name, parameters, _view in PROTECTED[::every]]
    answers = {path: getattr(Client(), method)(path) for path in paths}
    led = {
        path: (answer.status_code, answer.headers.get("Location", "").partition("=")[0])
        for path, answer in answers.items()
    }
    assert led == dict.fromkeys(paths, (302, f"{reverse('login')}?next"))


@pytest.mark.django_db
def test_views_that_allow_get_allow_head(django_user_model):
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("root"))
    allowed = {
        name: client.generic("PROPFIND", address(name, parameters)).headers.get("Allow", "")
        for name, parameters, _view in PROTECTED
    }
    readable = {name for name, methods in allowed.items() if "GET" in methods}
    assert {"board", "place", "hold", "look-up", "audit", "settings"} <= readable
    assert {name for name in readable if "HEAD" not in allowed[name]} == set()


@pytest.mark.django_db
def test_head_does_not_submit_a_form(django_user_model):
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("root", password="x"))
    forms = {
        name: client.head(reverse(name)).status_code for name in ("settings", "look-up", "password")
    }
    assert forms == {
        "settings": 200,
        "look-up": 200,
        "password": 200,
    }  # an empty submission is a 422
