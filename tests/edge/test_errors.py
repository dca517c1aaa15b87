"""Error pages: in the product's own look, to the point, and silent about the inside."""

import io
import re

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from dashboard.accounts import views
from tests.serving import Site

FORM = "application/x-www-form-urlencoded"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def visitor(client):
    """Somebody whose faults become answers, as on the real server."""
    client.raise_request_exception = False
    return client


def shown(answer):
    """What every error answer must have, and its headline: of a page, or of the banner's."""
    page = answer.content.decode()
    assert answer["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert len(answer["X-Request-Id"]) == 32
    assert "no-store" in answer["Cache-Control"]
    assert "Traceback" not in page
    return re.search(r'<(?:h1[^>]*|p class="strong")>([^<]+)<', page)[1].strip()


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_an_address_that_does_not_exist(visitor, headers):
    answer = visitor.get("/nowhere/<b>", headers=headers)
    assert answer.status_code == 404
    assert shown(answer)
    assert b"<b>" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_name_that_is_not_ours(visitor, headers):
    answer = visitor.get(reverse("login"), headers=headers | {"Host": "evil.example.org"})
    assert answer.status_code == 400
    assert shown(answer)
    assert b"evil" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_fault_of_ours(visitor, headers, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError("hunter2")

    monkeypatch.setattr(views.SignIn, "get_context_data", fail)
    answer = visitor.get(reverse("login"), headers=headers)
    assert answer.status_code == 500
    assert shown(answer)
    assert b"hunter2" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize(("host", "status"), [("testserver", 404), ("evil.example.org", 400)])
def test_a_form_that_cannot_be_read_where_no_view_is(host, status):
    visitor = Client(enforce_csrf_checks=True, raise_request_exception=False)
    visitor.get(reverse("login"))  # for the cookie of forms
    kind = "multipart/form-data"  # and no boundary
    answer = visitor.post("/nowhere", b"--x", content_type=kind, headers={"Host": host})
    assert answer.status_code == status
    assert shown(answer)


@pytest.fixture
def signed_in(visitor, django_user_model):
    visitor.force_login(django_user_model.objects.create_superuser("root"))
    return visitor


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, HTMX, {"Accept": "*/*"}], ids=["page", "htmx", "script"])
@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("get", "/accounts/logout/", {"POST", "OPTIONS"}),
        ("get", "/holds/1/release", {"POST"}),
        ("put", "/holds/1/", {"GET", "HEAD"}),
        ("delete", "/audit/", {"GET", "HEAD"}),
        ("post", "/board", {"GET", "HEAD"}),
        ("patch", "/settings/", {"GET", "HEAD", "POST"}),
        ("put", "/admin/dashboard/user/", {"GET", "HEAD", "POST"}),
        ("trace", "/admin/dashboard/user/add/", {"GET", "HEAD", "POST"}),
    ],
)
def test_a_method_that_an_address_does_not_take(signed_in, headers, method, path, allow):
    answer = getattr(signed_in, method)(path, headers=headers)
    assert answer.status_code == 405
    assert shown(answer) == "This address cannot be opened as a page"
    assert set(answer["Allow"].split(", ")) == allow
    assert (b"<html" in answer.content) == (headers != HTMX)


@pytest.mark.django_db
def test_a_wrong_method_at_sign_in_needs_nobody_to_be_signed_in(visitor):
    answer = visitor.put(reverse("login"))
    assert (answer.status_code, shown(answer)) == (405, "This address cannot be opened as a page")


@pytest.mark.django_db
def test_a_head_that_is_not_taken_has_no_body(signed_in):
    answer = signed_in.head("/holds/1/release")
    assert (answer.status_code, answer["Allow"], answer.content) == (405, "POST", b"")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/holds/1/release", {"POST", "OPTIONS"}),
        ("/audit/", {"GET", "HEAD", "OPTIONS"}),
        ("/accounts/logout/", {"POST", "OPTIONS"}),
    ],
)
def test_options_are_told_and_nothing_is_done(signed_in, path, allow):
    answer = signed_in.options(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert set(answer["Allow"].split(", ")) == allow
    assert signed_in.get("/").status_code == 200  # still signed in


@pytest.mark.django_db
def test_a_form_that_is_far_too_long(visitor):
    answer = visitor.post(reverse("login"), {"username": "a" * 300_000, "password": "b"})
    assert answer.status_code == 400
    assert shown(answer)


@pytest.mark.django_db
def test_a_file_that_nobody_asked_for_is_not_kept(visitor):
    fields = {"username": "nobody", "password": "b", "file": io.BytesIO(b"x" * 1000)}
    answer = visitor.post(reverse("login"), fields)
    assert answer.status_code == 422  # read like any other form …
    assert answer.wsgi_request.FILES == {}  # … and the file dropped


@pytest.mark.django_db
@pytest.mark.parametrize("charset", ["unicode_escape", "rot13", "utf-16", "nonsense"])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", FORM], ids=["parts", "form"])
def test_a_form_that_claims_another_encoding_is_read_as_utf_8(visitor, kind, charset):
    body = "--x\r\nContent-Disposition: form-data; name=username\r\n\r\nJörg\\ud800\r\n--x--\r\n"
    sent = "username=J%C3%B6rg\\ud800" if kind == FORM else body
    answer = visitor.generic(
        "POST", reverse("login"), sent.encode(), content_type=f"{kind}; charset={charset}"
    )
    assert answer.status_code == 422
    assert 'value="Jörg\\ud800"' in answer.content.decode()


def test_the_page_for_a_fault_needs_no_database(serve):
    nobody_listens = "postgresql://me:hunter2@127.0.0.1:9/desk"
    site: Site = serve("http://localhost", migrated=False, database_url=nobody_listens)
    headers = {"Host": "localhost", "Cookie": "sessionid=of-yesterday"}
    answer = httpx.get(f"{site.url}/", headers=headers)
    assert answer.status_code == 500
    assert "<h1" in answer.text
    assert "hunter2" not in answer.text + site.log.read_text()
    lines = [line for line in site.log.read_text().splitlines() if "OperationalError" in line]
    assert [f"[{answer.headers['X-Request-Id']}]" in line for line in lines] == [True]
