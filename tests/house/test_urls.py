"""A walk through the URLconf: nobody reaches a page that is not meant for everybody."""

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from dashboard.accounts.access import policy_of
from dashboard.accounts.policy import Policy

# Everything that answers somebody who is not signed in. A new name here is a decision.
MEANT_FOR_EVERYBODY = {"livez", "readyz", "login", "logout"}
SAMPLES = {"app_label": "dashboard", "url": "nothing/"}


def walk(resolver, space=""):
    """Every view of the site: its name, what its address needs, and the view itself."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from walk(entry, f"{space}{entry.namespace}:" if entry.namespace else space)
        else:
            needed = list(entry.pattern.regex.groupindex)
            yield f"{space}{entry.name}", needed, entry.callback


VIEWS = list(walk(get_resolver()))
GUARDED = [
    found
    for found in VIEWS
    if found[0] not in MEANT_FOR_EVERYBODY and not found[0].endswith("None")  # has no address
]


def address(name, needed):
    return reverse(name, kwargs={word: SAMPLES.get(word, "1") for word in needed})


def test_the_walk_finds_the_site():
    names = {name for name, _, _ in VIEWS}
    assert names >= MEANT_FOR_EVERYBODY | {"admin:index", "admin:dashboard_user_change"}


def test_only_the_listed_views_are_for_everybody():
    open_to_all = {name for name, _, view in VIEWS if policy_of(view) is Policy.PUBLIC}
    assert open_to_all == MEANT_FOR_EVERYBODY


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post", "head", "put", "delete", "options"])
@pytest.mark.parametrize(("name", "needed", "_view"), GUARDED, ids=[name for name, _, _ in GUARDED])
def test_whoever_is_not_signed_in_is_sent_to_sign_in(method, name, needed, _view):
    answer = getattr(Client(), method)(address(name, needed))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("login") + "?next=")


@pytest.mark.django_db
def test_whatever_can_be_read_can_be_asked_for_its_head_alone(django_user_model):
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("root"))
    taken = {
        name: client.generic("PROPFIND", address(name, needed)).headers.get("Allow", "")
        for name, needed, _view in GUARDED
    }
    read = {name for name, methods in taken.items() if "GET" in methods}
    assert {"board", "place", "hold", "look-up", "audit", "settings"} <= read
    assert {name for name in read if "HEAD" not in taken[name]} == set()


@pytest.mark.django_db
def test_a_head_of_a_form_is_no_form_that_was_sent(django_user_model):
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("root"))
    forms = {name: client.head(reverse(name)).status_code for name in ("settings", "look-up")}
    assert forms == {"settings": 200, "look-up": 200}  # an empty one that was sent is a 422
