"""The probes of the operator: right, short, and reachable whatever else is wrong."""

import httpx
import pytest


def ask(site, path, **more):
    answer = httpx.request(more.pop("method", "GET"), site.url + path, **more)
    return answer.status_code, answer.text


def test_a_whole_set_up_is_alive_and_ready(serve):
    site = serve("https://desk.example.org/holds")
    assert ask(site, "/livez") == (200, "ok")
    assert ask(site, "/readyz") == (200, "ok")
    assert ask(site, "/holds/livez") == (200, "ok")
    assert ask(site, "/holds/readyz", method="HEAD") == (200, "")


def test_probes_are_answered_before_hosts_are_checked(serve):
    site = serve("https://desk.example.org")
    stranger = {"Host": "10.1.2.3:8000"}
    assert ask(site, "/livez", headers=stranger) == (200, "ok")
    assert ask(site, "/readyz", headers=stranger) == (200, "ok")
    assert ask(site, "/accounts/login/", headers=stranger)[0] == 400


def test_without_its_tables_it_is_alive_but_not_ready(serve):
    site = serve("http://localhost", migrated=False)
    assert ask(site, "/livez") == (200, "ok")
    assert ask(site, "/readyz") == (503, "not ok")
    site.manage("migrate")
    assert ask(site, "/readyz") == (200, "ok")


def test_with_a_migration_of_this_version_missing_it_is_not_ready(serve):
    site = serve("http://localhost")
    site.manage("migrate", "sessions", "zero")
    assert ask(site, "/readyz") == (503, "not ok")
    assert "Not ready: migrations are missing (1); manage.py migrate" in site.log.read_text()


def test_without_its_database_it_is_not_ready(serve):
    nobody_listens = "postgresql://me:hunter2@127.0.0.1:9/desk"
    site = serve("http://localhost", migrated=False, database_url=nobody_listens)
    assert ask(site, "/livez") == (200, "ok")
    assert ask(site, "/readyz") == (503, "not ok")
    [said] = [line for line in site.log.read_text().splitlines() if "Not ready" in line]
    assert "refused" in said
    assert "hunter2" not in said


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_probes_only_read(client, method):
    answer = client.generic(method, "/livez")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


@pytest.mark.django_db
def test_nobody_keeps_an_answer(client):
    kept = [client.get(path)["Cache-Control"] for path in ("/livez", "/readyz")]
    assert kept == ["no-store", "no-store"]
