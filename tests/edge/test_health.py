"""Health probes: correct, short, and reachable whatever else fails."""

from datetime import UTC, datetime

import httpx
import pytest
from django.db import connection

from dashboard.calcom_state.models import Upstream
from tests.serving import WAIT_SECONDS


def ask(site, path, **more):
    answer = httpx.request(more.pop("method", "GET"), site.url + path, verify=False, **more)
    return answer.status_code, answer.text


def test_complete_installation_is_ready(serve):
    site = serve("https://desk.example.org/holds")
    assert ask(site, "/livez") == (200, "ok")
    assert ask(site, "/readyz") == (200, "ok")
    assert ask(site, "/holds/livez") == (200, "ok")
    assert ask(site, "/holds/readyz", method="HEAD") == (200, "")
    # The probes answer before hosts are checked.
    stranger = {"Host": "10.1.2.3:8000"}
    assert ask(site, "/livez", headers=stranger) == (200, "ok")
    assert ask(site, "/readyz", headers=stranger) == (200, "ok")
    assert ask(site, "/holds/accounts/login/", headers=stranger)[0] == 400
    site.manage("migrate", "sessions", "zero")
    assert ask(site, "/readyz") == (503, "not ok")
    assert "Not ready: migrations are missing (1); manage.py migrate" in site.log.read_text()
    site.manage("migrate", "sessions")
    assert ask(site, "/readyz") == (200, "ok")


def test_not_ready_without_tables(serve):
    site = serve("http://localhost", migrated=False)
    assert ask(site, "/livez") == (200, "ok")
    assert ask(site, "/readyz") == (503, "not ok")


def test_not_ready_without_database(serve):
    """Serve the page that says so without the database, too."""
    unreachable = "postgresql://me:hunter2@127.0.0.1:9/desk"
    site = serve("http://localhost", migrated=False, database_url=unreachable)
    assert ask(site, "/livez") == (200, "ok")
    assert ask(site, "/readyz") == (503, "not ok")
    [said] = [line for line in site.log.read_text().splitlines() if "Not ready" in line]
    assert "refused" in said
    headers = {"Host": "localhost", "Cookie": "holdfast_session=of-yesterday"}
    answer = httpx.get(f"{site.url}/", headers=headers, timeout=WAIT_SECONDS, verify=False)
    assert answer.status_code == 503
    assert "<h1" in answer.text
    log = site.log.read_text()
    assert "hunter2" not in answer.text + log
    lines = [line for line in log.splitlines() if "OperationalError" in line]
    assert [f"[{answer.headers['X-Request-Id']}]" in line for line in lines] == [True]


@pytest.mark.django_db
def test_not_ready_where_the_database_goes_in_between(client):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE dashboard_upstream RENAME TO gone")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"not ok")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_probes_allow_only_get_and_head(client, method):
    answer = client.generic(method, "/livez")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


@pytest.mark.django_db
def test_probes_are_not_cached(client):
    cached = [client.get(path)["Cache-Control"] for path in ("/livez", "/readyz")]
    assert cached == ["no-store", "no-store"]


@pytest.mark.django_db
def test_readiness_reports_cal_com_and_does_not_depend_on_it(client, settings):
    settings.CALCOM_API_URL = "http://127.0.0.1:9"
    never = client.get("/readyz")
    Upstream.objects.create(pk=1, answered_at=datetime(2026, 11, 28, 9, 30, tzinfo=UTC))
    later = client.get("/readyz")
    assert [never.status_code, later.status_code] == [200, 200]
    assert never["X-Calcom-Answered"] == "never"
    assert later["X-Calcom-Answered"] == "2026-11-28 09:30:00+00:00"
