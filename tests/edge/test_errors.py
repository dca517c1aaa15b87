"""Error pages: styled, specific, and without internals."""

import io
import re

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.accounts import views

FORM = "application/x-www-form-urlencoded"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def visitor(client):
    """Return a client that answers 500 for an exception, as the real server does."""
    client.raise_request_exception = False
    return client


def headline(answer):
    """Check what every error page needs; return the headline of the page or of the banner."""
    page = answer.content.decode()
    assert answer["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert len(answer["X-Request-Id"]) == 32
    assert "no-store" in answer["Cache-Control"]
    assert "Traceback" not in page
    return re.search(r'<(?:h1[^>]*|p class="strong")>([^<]+)<', page)[1].strip()


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_not_found(visitor, headers):
    answer = visitor.get("/nowhere/<b>", headers=headers)
    assert answer.status_code == 404
    assert headline(answer)
    assert b"<b>" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_unknown_host(visitor, headers):
    answer = visitor.get(reverse("login"), headers=headers | {"Host": "evil.example.org"})
    assert answer.status_code == 400
    assert headline(answer)
    assert b"evil" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_server_error(visitor, headers, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError("hunter2")

    monkeypatch.setattr(views.SignIn, "get_context_data", fail)
    answer = visitor.get(reverse("login"), headers=headers)
    assert answer.status_code == 500
    assert headline(answer)
    assert b"hunter2" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize(("host", "status"), [("testserver", 404), ("evil.example.org", 400)])
def test_unreadable_form_without_a_view(host, status):
    visitor = Client(enforce_csrf_checks=True, raise_request_exception=False)
    visitor.get(reverse("login"))  # for the CSRF cookie
    kind = "multipart/form-data"  # without a boundary
    answer = visitor.post("/nowhere", b"--x", content_type=kind, headers={"Host": host})
    assert answer.status_code == status
    assert headline(answer)


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
def test_method_not_allowed(signed_in, headers, method, path, allow):
    answer = getattr(signed_in, method)(path, headers=headers)
    assert answer.status_code == 405
    assert headline(answer) == "This address cannot be opened as a page"
    assert set(answer["Allow"].split(", ")) == allow
    assert (b"<html" in answer.content) == (headers != HTMX)


@pytest.mark.django_db
def test_method_not_allowed_without_sign_in(visitor):
    answer = visitor.put(reverse("login"))
    assert (answer.status_code, headline(answer)) == (
        405,
        "This address cannot be opened as a page",
    )


@pytest.mark.django_db
def test_refused_head_has_no_body(signed_in):
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
def test_options_lists_methods_and_does_nothing(signed_in, path, allow):
    answer = signed_in.options(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert set(answer["Allow"].split(", ")) == allow
    assert signed_in.get("/").status_code == 200  # still signed in


@pytest.mark.django_db
def test_oversized_form(visitor):
    answer = visitor.post(reverse("login"), {"username": "a" * 300_000, "password": "b"})
    assert answer.status_code == 400
    assert headline(answer)


@pytest.mark.django_db
def test_uploaded_file_is_dropped(visitor):
    fields = {"username": "unknown", "password": "b", "file": io.BytesIO(b"x" * 1000)}
    answer = visitor.post(reverse("login"), fields)
    assert answer.status_code == 422  # read like any other form …
    assert answer.wsgi_request.FILES == {}  # … and the file dropped


@pytest.mark.django_db
@pytest.mark.parametrize("charset", ["unicode_escape", "rot13", "utf-16", "nonsense"])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", FORM], ids=["parts", "form"])
def test_form_is_utf_8_whatever_charset_it_claims(visitor, kind, charset):
    body = "--x\r\nContent-Disposition: form-data; name=username\r\n\r\nJörg\\ud800\r\n--x--\r\n"
    sent = "username=J%C3%B6rg\\ud800" if kind == FORM else body
    answer = visitor.generic(
        "POST", reverse("login"), sent.encode(), content_type=f"{kind}; charset={charset}"
    )
    assert answer.status_code == 422
    assert 'value="Jörg\\ud800"' in answer.content.decode()
