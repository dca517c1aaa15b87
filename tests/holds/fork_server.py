"""Serve the product in processes that can be killed: ``python -m tests.holds.fork_server FOLDER``.

It loads the product once and forks a process for each server and each command. An order is a line
of JSON on its input, and so is the reply. ``FOLDER/plan`` names the moment at which a process is
killed, ``FOLDER/ahead`` by how many seconds the clocks are ahead.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import httpx
from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import connections
from django.template.loader import get_template
from django.urls import get_resolver

from dashboard.calcom import AsyncClient, Client
from dashboard.calcom.transport import Transport
from dashboard.wsgi import application
from tests.holds import clocks
from tests.holds.killing_transport import (
    AsyncKillingTransport,
    KillingTransport,
    Plan,
    kill_this_process,
)

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *_args: Any) -> None:
        pass


class KillableApplication:
    """Wrap the product's application: a POST may kill it on arrival or on departure."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        is_form = environ["REQUEST_METHOD"] == "POST"
        if is_form and self.plan.is_now("arrival"):
            kill_this_process()
        answer = application(environ, start_response)
        if is_form and self.plan.is_now("departure"):
            kill_this_process()
        return answer


def main(folder: Path) -> None:
    plan = Plan(folder / "plan")
    prepare(folder, plan)
    reply({"ready": True})
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "serve":
            serve(plan)
        elif order["do"] == "manage":
            run_in_fork(partial(manage, order["arguments"]))
        elif order["do"] == "snapshot":
            reply(read_snapshot())
        elif order["do"] == "stop":
            os.kill(order["pid"], signal.SIGKILL)
            wait_for(order["pid"])
        else:
            wait_for(order["pid"])


def prepare(folder: Path, plan: Plan) -> None:
    """Load what every child would load, as far as that opens no connection."""
    from dashboard.calcom_state import calcom_client  # noqa: PLC0415 - after Django's set-up
    from tests.holds import snapshot  # noqa: F401, PLC0415 - the same

    access: dict[str, Any] = {
        "base_url": settings.CALCOM_API_URL,
        "api_key": settings.CALCOM_API_KEY,
        "call_seconds": calcom_client.CALL_SECONDS,
    }
    calcom_client.new_client = lambda: Client(
        **access, transport=KillingTransport(Transport(), plan)
    )
    calcom_client.new_async_client = lambda: AsyncClient(
        **access, transport=AsyncKillingTransport(httpx.AsyncHTTPTransport(), plan)
    )
    # Of the people in the database that is copied.
    settings.PASSWORD_HASHERS.append("django.contrib.auth.hashers.Argon2PasswordHasher")
    ahead = folder / "ahead"
    clocks.follow(setattr, lambda: float(ahead.read_text()) if ahead.exists() else 0.0)
    _ = get_resolver().url_patterns
    for name in ("holds/hold.html", "holds/place.html", "holds/board.html", "base.html"):
        get_template(name)


def serve(plan: Plan) -> None:
    server = WSGIServer(("127.0.0.1", 0), QuietHandler)
    server.set_app(KillableApplication(plan))
    pid = os.fork()
    if pid == 0:
        sys.stdout = sys.stderr  # the pipe of replies is not for output of a server
        server.serve_forever()
    server.socket.close()  # otherwise the port would stay open after the child's death
    reply({"pid": pid, "port": server.server_port})


def run_in_fork(work: Callable[[], Any]) -> None:
    """Do the work in a child process, and reply with its exit code."""
    pid = os.fork()
    if pid == 0:
        sys.stdout = sys.stderr
        failed = 1
        try:
            work()
            failed = 0
        finally:
            sys.stderr.flush()
            os._exit(failed)  # exit handlers belong to the parent
    wait_for(pid)


def manage(arguments: list[str]) -> None:
    execute_from_command_line(["manage.py", *arguments])


def read_snapshot() -> dict[str, Any]:
    """Read here, because a fork takes longer; no connection is left open for the next child."""
    from tests.holds import snapshot  # noqa: PLC0415 - after Django's set-up

    try:
        return snapshot.read()
    finally:
        connections.close_all()


def wait_for(pid: int) -> None:
    _pid, status = os.waitpid(pid, 0)
    reply({"exit": os.waitstatus_to_exitcode(status)})


def reply(content: dict[str, Any]) -> None:
    print(json.dumps(content), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
