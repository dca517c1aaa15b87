"""Settings of sign-in by the proxy, alone and together."""

import pytest

from dashboard.accounts.roles import Role
from dashboard.edge.proxies import TrustedProxies, trusted_proxies
from dashboard.edge.setting_readers import (
    ROLES,
    contradiction,
    header,
    roles_of_groups,
    sign_out_address,
)

PROXIES = trusted_proxies("127.0.0.1")


def test_roles_are_the_groups_of_the_permission_model():
    assert ROLES == (Role.ADMINS, Role.STAFF)


@pytest.mark.parametrize("name", ["X-Forwarded-User", "Remote-User", "x-authentik-username"])
def test_header_is_read(name):
    assert header(name) == name


@pytest.mark.parametrize("name", ["X_Forwarded_User", "X-User:", "-User", "X User", "Ü"])
def test_name_that_is_no_header_is_refused(name):
    with pytest.raises(ValueError, match="must be the name of a header"):
        header(name)


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("reception:Staff", {"reception": "Staff"}),
        ("a:Staff, b : Admins", {"a": "Staff", "b": "Admins"}),
        ("urn:desk:Staff", {"urn:desk": "Staff"}),
    ],
)
def test_groups_are_read(text, roles):
    assert roles_of_groups(text) == roles


@pytest.mark.parametrize("text", ["reception", "reception:", ":Staff", "a:Staff,", "a:staff"])
def test_groups_without_a_role_are_refused(text):
    with pytest.raises(ValueError, match="must be groups with their role"):
        roles_of_groups(text)


@pytest.mark.parametrize("text", ["/oauth2/sign_out?rd=/", "https://auth.example.org/logout"])
def test_sign_out_address_is_read(text):
    assert sign_out_address(text) == text


@pytest.mark.parametrize(
    "text", ["oauth2", "//evil.example", "/\\evil", "javascript:alert(1)", "/a b", "https://", '/"']
)
def test_other_sign_out_address_is_refused(text):
    with pytest.raises(ValueError, match="must be a path"):
        sign_out_address(text)


@pytest.mark.parametrize(
    ("user", "groups", "roles", "trusted", "words"),
    [
        ("", "", {}, TrustedProxies(), ""),
        ("X-User", "", {}, PROXIES, ""),
        ("X-User", "", {}, trusted_proxies("unix"), ""),
        ("X-User", "X-Groups", {"a": "Staff"}, PROXIES, ""),
        ("X-User", "", {}, TrustedProxies(), "REMOTE_USER_HEADER needs TRUSTED_PROXIES"),
        ("", "X-Groups", {"a": "Staff"}, PROXIES, "needs REMOTE_USER_HEADER"),
        ("X-User", "X-Groups", {}, PROXIES, "need each other"),
        ("X-User", "", {"a": "Staff"}, PROXIES, "need each other"),
        ("X-User", "x-user", {"a": "Staff"}, PROXIES, "must be two headers"),
    ],
)
def test_contradictions_are_named(user, groups, roles, trusted, words):
    found = contradiction(user_header=user, groups_header=groups, groups=roles, trusted=trusted)
    assert words in found
    assert bool(found) == bool(words)
