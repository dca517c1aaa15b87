"""The product as processes that can be killed: ``python -m tests.holds.fork_server FOLDER``.

It loads the product once and forks a process for each server and each command, which saves the
loading. One line of JSON in, one out. ``FOLDER/plan`` says where a process is to die, and
``FOLDER/ahead`` by how many seconds its clocks are ahead.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.conf import settings
from django.core.management import execute_from_command_line
from django.template.loader import get_template
from django.urls import get_resolver

from dashboard.calcom import AsyncClient, Client
from dashboard.calcom.transport import AsyncTransport, Transport
from dashboard.wsgi import application
from tests.holds import clocks
from tests.holds.killing_transport import AsyncKilling, Killing, Plan, die

Respond = Callable[[str, list[tuple[str, str]]], Any]


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *_args: Any) -> None:
        pass


class Site:
    """The product's application, which dies on arrival or on departure if the plan says so."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def __call__(self, environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        is_form = environ["REQUEST_METHOD"] == "POST"
        if is_form and self._plan.says("arrival"):
            die()
        answer = application(environ, respond)
        if is_form and self._plan.says("departure"):
            die()
        return answer


def main(folder: Path) -> None:
    plan = Plan(folder / "plan")
    _prepare(folder, plan)
    _reply({"ready": True})
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "serve":
            _serve(plan)
        elif order["do"] == "run":
            _run(order["arguments"])
        elif order["do"] == "books":
            _books(folder / "books")
        elif order["do"] == "stop":
            os.kill(order["pid"], signal.SIGKILL)
            _wait(order["pid"])
        else:
            _wait(order["pid"])


def _prepare(folder: Path, plan: Plan) -> None:
    """All that every child would do again, as far as it opens no connection."""
    from dashboard.holds import calls, claims  # noqa: PLC0415 - after Django's set-up

    access: dict[str, Any] = {
        "base_url": settings.CALCOM_API_URL,
        "api_key": settings.CALCOM_API_KEY,
        "call_seconds": claims.CALL_SECONDS,
    }
    calls.new_client = lambda: Client(**access, transport=Killing(Transport(), plan))
    calls.new_async_client = lambda: AsyncClient(
        **access, transport=AsyncKilling(AsyncTransport(), plan)
    )
    ahead = folder / "ahead"
    clocks.follow(setattr, lambda: float(ahead.read_text()) if ahead.exists() else 0.0)
    _ = get_resolver().url_patterns
    for name in ("holds/hold.html", "holds/new.html", "holds/board.html", "base.html"):
        get_template(name)


def _serve(plan: Plan) -> None:
    server = WSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(Site(plan))
    pid = os.fork()
    if pid == 0:
        sys.stdout = sys.stderr  # the line of orders is not for what a server prints
        server.serve_forever()
    server.socket.close()  # else nobody would notice the child's death
    _reply({"pid": pid, "port": server.server_port})


def _run(arguments: list[str]) -> None:
    """A command of manage.py in a process of its own."""
    pid = os.fork()
    if pid == 0:
        sys.stdout = sys.stderr
        _leave(lambda: execute_from_command_line(["manage.py", *arguments]))
    _wait(pid)


def _books(file: Path) -> None:
    pid = os.fork()
    if pid == 0:
        _leave(lambda: _write_books(file))
    _wait(pid)


def _write_books(file: Path) -> None:
    from tests.holds import snapshot  # noqa: PLC0415 - after Django's set-up

    file.write_text(json.dumps(snapshot.read()))


def _leave(work: Callable[[], Any]) -> None:
    """Do it and end at once: what the parent registered for its own end is not ours to run."""
    failed = 1
    try:
        work()
        failed = 0
    finally:
        sys.stderr.flush()
        os._exit(failed)


def _wait(pid: int) -> None:
    _pid, status = os.waitpid(pid, 0)
    _reply({"ended": os.waitstatus_to_exitcode(status)})


def _reply(words: dict[str, Any]) -> None:
    print(json.dumps(words), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
