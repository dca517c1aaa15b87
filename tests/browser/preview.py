"""Every page with made-up data, to look at while working on templates and stylesheet.

``python -m tests.browser.preview`` serves them and prints the address; ``--shots FOLDER`` takes
pictures of all of them instead, at four widths, light and dark; ``--only NAME`` of one of them.
It needs no database and no cal.com.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import override_settings
from django.urls import URLPattern, include, path
from playwright.sync_api import sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from dashboard.accounts.models import Preferences  # noqa: E402
from dashboard.urls import urlpatterns as site_patterns  # noqa: E402
from tests.browser import made_up, scenes  # noqa: E402
from tests.browser.threaded import in_a_thread  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
WIDTHS = (1440, 768, 390, 320)
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'"
)


class Person:
    is_authenticated = True
    likes = Preferences()

    def __str__(self) -> str:
        return "Ada Lindqvist"


def about(request: HttpRequest) -> dict[str, Any]:
    """What the product's context processors tell every page."""
    return {
        "user": Person(),
        "zone_name": str(made_up.ZONE),
        "office_zone": str(made_up.ZONE),
        "now_iso": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "is_admin": True,
        "is_member": True,
        "bar": scenes.bar(),
        "hold_minutes": 15,
        "hold_minutes_max": 120,
    }


def scene(request: HttpRequest, name: str = "board") -> HttpResponse:
    """One page of the list."""
    if name not in scenes.SCENES:
        raise Http404
    template, context = scenes.SCENES[name]
    answer = render(request, template, context())
    answer["Content-Security-Policy"] = CONTENT_POLICY
    answer["Cache-Control"] = "no-store"
    return answer


def rows(request: HttpRequest) -> HttpResponse:
    """The board's own poll, with a tag."""
    if request.headers.get("If-None-Match") == '"same"':
        return HttpResponse(status=304)
    context = scenes.SCENES["board"][1]()
    context["board"].tag = '"same"'
    answer = render(request, "holds/_board.html", context)
    answer["ETag"] = '"same"'
    return answer


def bar(request: HttpRequest) -> HttpResponse:
    """The poll of the bar: nothing new, ever."""
    return HttpResponse(status=304)


def acted(request: HttpRequest, pk: int) -> HttpResponse:
    """What a verb answers: the hold's page, as a part under htmx. Number 2 is always refused."""
    refused = pk == made_up.ROWS[1].pk
    context = scenes.hold(problem=made_up.PROBLEM if refused else None)
    context["messages"] = [] if refused else [made_up.DONE]
    template = "holds/_hold.html" if request.headers.get("HX-Request") else "holds/hold.html"
    return render(request, template, context, status=409 if refused else 200)


def static(request: HttpRequest, name: str) -> FileResponse:
    """A file of ours as it lies in the tree."""
    found = finders.find(name)
    if not found:
        raise Http404
    return FileResponse(Path(found).open("rb"))


def one(name: str) -> Any:
    """A view that always shows the same scene."""
    return lambda request, **_: scene(request, name)


urlpatterns = [
    path("static/<path:name>", static),
    path("", scene, name="board"),
    path("rows", rows, name="board-rows"),
    path("warnings", bar, name="warnings"),
    path("check", one("board"), name="check-many"),
    path("place", one("place"), name="place"),
    path("look-up", one("look-up"), name="look-up"),
    path("audit/", one("audit-log"), name="audit"),
    path("audit/<int:pk>/", one("404"), name="audit-entry"),
    path("sign-in", one("login"), name="login"),
    path("settings", one("404"), name="settings"),
    path("sign-out", one("404"), name="logout"),
    path("admin/", include(([path("", one("404"), name="index")], "admin"))),
    path("holds/<int:pk>/", one("hold"), name="hold"),
    *(
        path(f"holds/<int:pk>/{verb}", acted, name=f"hold-{verb}")
        for verb in ("check", "extend", "move", "release")
    ),
    path("<slug:name>", scene),
]
# What pages lead to besides, so that they can name it.
named = {known.name for known in urlpatterns if isinstance(known, URLPattern)}
urlpatterns += [
    path(str(other.pattern), one("404"), name=other.name)
    for other in site_patterns
    if isinstance(other, URLPattern) and other.name not in named
]
SETTINGS = {
    "ROOT_URLCONF": __name__,
    "DEBUG": True,
    "ALLOWED_HOSTS": ["*"],
    "MIDDLEWARE": ["django_htmx.middleware.HtmxMiddleware"],
    "STATIC_URL": "/static/",
    "FORCE_SCRIPT_NAME": None,
    "STORAGES": {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    },
    "FORM_RENDERER": "django.forms.renderers.TemplatesSetting",
}


def with_context(templates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The product's template settings with made-up context processors."""
    options = {
        "context_processors": [
            "django.template.context_processors.request",
            f"{__name__}.about",
        ]
    }
    return [{**templates[0], "OPTIONS": options}]


class Server(ThreadingMixIn, WSGIServer):
    """A browser keeps several connections open at once."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


def shoot(address: str, folder: Path, names: list[str], widths: tuple[int, ...]) -> None:
    """Take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        for scheme in ("light", "dark"):
            for width in widths:
                touch = width < 700
                context = browser.new_context(
                    viewport={"width": width, "height": 900},
                    color_scheme=scheme,
                    has_touch=touch,
                    is_mobile=touch,
                )
                page = context.new_page()
                page.on("console", lambda said: sys.stdout.write(f"{said.type}: {said.text}\n"))
                page.on("pageerror", lambda error: sys.stdout.write(f"error: {error}\n"))
                for name in names:
                    page.goto(f"{address}/{name}")
                    page.wait_for_timeout(150)
                    too_wide = page.evaluate(
                        "document.documentElement.scrollWidth > window.innerWidth"
                    )
                    if too_wide:
                        sys.stdout.write(f"{name} is too wide at {width}\n")
                    page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
                context.close()
        browser.close()


@contextmanager
def serving(port: int = 0) -> Iterator[str]:
    """The pages over HTTP on this machine; gives the address."""
    with override_settings(**SETTINGS, TEMPLATES=with_context(settings.TEMPLATES)):
        server = make_server("127.0.0.1", port, get_wsgi_application(), Server, handler_class=Quiet)
        with in_a_thread(server) as address:
            yield address


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--shots", type=Path, help="a folder for pictures")
    reader.add_argument("--only", action="append", help="the name of a scene")
    reader.add_argument("--width", type=int, action="append")
    reader.add_argument("--port", type=int, default=0)
    asked = reader.parse_args()
    with serving(asked.port) as address:
        if asked.shots:
            names = asked.only or list(scenes.SCENES)
            shoot(address, asked.shots, names, tuple(asked.width or WIDTHS))
        else:
            input(f"{address}\nEnter ends it.\n")


if __name__ == "__main__":
    main()
