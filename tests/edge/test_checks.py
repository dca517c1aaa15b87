"""Deployment checks of static files and trusted proxies."""

import shutil

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.checks import Tags, run_checks

from dashboard.edge.checks import check_calcom_key, check_collected, check_trusted_proxies
from dashboard.edge.proxies import TrustedProxies, trusted_proxies
from dashboard.edge.public_address import public_address
from tests.serving import static_root


def messages(settings, folder, *, debug=False):
    settings.STATIC_ROOT, settings.DEBUG = folder, debug
    return [(message.id, message.msg, message.hint) for message in check_collected()]


def test_damaged_list_of_static_files_is_reported(settings, tmp_path):
    (tmp_path / "staticfiles.json").touch()  # as after a loss of power
    text = f"STATIC_ROOT, {str(tmp_path)!r}, has a damaged staticfiles.json."
    hint = "Remove that file, and run 'manage.py collectstatic'."
    assert messages(settings, tmp_path) == [("edge.W001", text, hint)]


def test_missing_static_files_are_reported(settings, tmp_path):
    text = f"There are no collected static files in STATIC_ROOT, {str(tmp_path)!r}."
    assert messages(settings, tmp_path) == [("edge.W001", text, "Run 'manage.py collectstatic'.")]


def test_static_files_of_another_umask_are_reported(settings, tmp_path, monkeypatch):
    def refuse(_storage):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ManifestStaticFilesStorage, "read_manifest", refuse)  # root may read all
    text = f"STATIC_ROOT, {str(tmp_path)!r}, has files that this user may not read."
    hint = f"Run 'chmod -R a+rX {tmp_path}', and 'manage.py collectstatic' under umask 022."
    assert messages(settings, tmp_path) == [("edge.W001", text, hint)]


@pytest.mark.slow  # collecting the files takes seconds
def test_collected_static_files_pass(settings):
    assert messages(settings, static_root()) == []


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["changed", "removed", "hashed copy removed"])
def test_outdated_static_files_are_reported(settings, tmp_path, damage):
    folder = tmp_path / "static"
    shutil.copytree(static_root(), folder)
    if damage == "changed":
        (folder / "js" / "clock.js").write_text("of an older version")
    else:
        pattern = "clock.js" if damage == "removed" else "clock.*.js"
        [path] = (folder / "js").glob(pattern)
        path.unlink()
    text = f"STATIC_ROOT, {str(folder)!r}, lacks files of this version: js/clock.js."
    assert messages(settings, folder) == [("edge.W001", text, "Run 'manage.py collectstatic'.")]


def test_debug_needs_no_collected_files(settings, tmp_path):
    assert messages(settings, tmp_path, debug=True) == []


@pytest.mark.parametrize(
    ("address", "proxies", "debug", "found"),
    [
        ("https://desk.example.org", "", False, ["edge.W002"]),
        ("http://10.0.0.7:8000/holds", "", False, ["edge.W002"]),
        ("https://desk.example.org", "127.0.0.1", False, []),
        ("https://desk.example.org", "unix", False, []),
        ("http://127.0.0.1:8000", "", False, []),
        ("https://desk.example.org", "", True, []),
    ],
)
def test_public_site_without_trusted_proxies_is_reported(settings, address, proxies, debug, found):
    settings.PUBLIC_ADDRESS, settings.DEBUG = public_address(address), debug
    settings.TRUSTED_PROXIES = trusted_proxies(proxies) if proxies else TrustedProxies()
    assert [message.id for message in check_trusted_proxies()] == found


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://desk.example.org", []),
        ("http://127.0.0.1:8000", []),
        ("http://10.0.0.7:8000/holds", ["edge.W004"]),
    ],
)
def test_public_site_without_tls_is_reported_by_its_variable(settings, address, found):
    given = public_address(address)
    settings.PUBLIC_ADDRESS, settings.SECURE_HSTS_SECONDS = given, 3600 * given.is_https
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = given.is_https
    settings.TRUSTED_PROXIES = trusted_proxies("127.0.0.1")
    messages = run_checks(tags=[Tags.security], include_deployment_checks=True)
    assert [message.id for message in messages if not message.is_silenced()] == found


@pytest.mark.parametrize(("key", "found"), [("cal_live_1", []), ("own_1", ["edge.W003"])])
def test_key_without_the_usual_prefix_is_reported(settings, key, found):
    settings.CALCOM_API_KEY = key
    assert [message.id for message in check_calcom_key()] == found
