"""Configuration of gunicorn: ``gunicorn -c python:dashboard.edge.gunicorn``.

https://docs.gunicorn.org/en/stable/settings.html
gunicorn reads WEB_CONCURRENCY, the number of processes, itself; the settings check it first.

Compared with gunicorn, granian 2.8 answers 1.8 times as many sign-in pages, waitress 3.0 0.9 times.
A hundred people poll twenty times a second, a tenth of what gunicorn answers. It has a setting for
each limit, where granian refuses more than 100 headers, and its reload loses no request.
"""

import logging
import os
import socket
import threading
from functools import partial
from typing import Any

from gunicorn import glogging, util  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from dashboard.edge.environment import read
from dashboard.edge.log_format import JsonFormatter, OneLineFormatter, log_format

wsgi_app = "dashboard.wsgi:application"
bind = "127.0.0.1:8000"

# Threads, because a request mostly waits for cal.com.
worker_class = "dashboard.edge.gunicorn.Worker"
threads = 8
# A worker that stood still for longer is killed, and with it what it had begun. Pauses of a
# container and a machine out of memory last longer than gunicorn's 30 seconds; the longest claim
# of a hold lasts so long.
timeout = 100  # seconds

# A stop lets running requests finish: a change at cal.com may take several calls.
graceful_timeout = 90  # seconds
# Longer than a proxy keeps its idle connections (Caddy: 120 s), so that the proxy closes first. A
# form that meets a connection just as it is closed here is lost.
keepalive = 150  # seconds

limit_request_line = 8190  # bytes, as in Apache, and about what nginx passes on
limit_request_fields = 200  # each proxy on the way adds some

# Only edge.proxies decides which peers to trust. gunicorn's defaults would trust this machine
# and every peer on a unix socket, also about the path.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""


LONG_BODY = 256 * 1024  # bytes: proxies pass on as many, and nothing reads a longer one
# What gunicorn itself refuses, such as a header that is too long, has a body as well. It would read
# 64 KiB of it and reset the connection; see ``wsgi_middleware.read_body``. nginx passes on 1 MiB
# where it is not told otherwise.
close_slowly = partial(util.close_graceful, max_drain=2 * 1024 * 1024)


def close_aside(sock: socket.socket) -> None:
    """Close a connection; wait in a thread of its own for a peer that has not closed it yet.

    gunicorn would wait in the thread that hands out all requests, for two seconds each: so a few
    clients of a proxy that goes on sending their bodies would keep all people out.
    """
    try:
        has_ended = not sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        has_ended = False
    if has_ended:
        sock.close()
    else:
        threading.Thread(target=close_slowly, args=[sock], daemon=True).start()


util.close_graceful = close_aside


def pre_request(_worker: Any, request: Any) -> None:
    """Tell the proxy that the connection ends with a long body, which the site does not read.

    A proxy that is not told may send the next form into the closed connection, and lose it.
    """
    headers = dict(request.headers)
    if "TRANSFER-ENCODING" in headers or int(headers.get("CONTENT-LENGTH", 0)) > LONG_BODY:
        request.force_close()


class Worker(ThreadWorker):  # type: ignore[misc]
    """End after a killed master as after a stop, and leave the port to the next server at once.

    gunicorn would listen until its last request and keep idle connections of the proxy: the next
    server could not start for as long as ``graceful_timeout``.
    """

    def is_parent_alive(self) -> bool:
        is_alive: bool = super().is_parent_alive()
        if not is_alive:
            self.alive = False  # so that connections are not kept any more
            self.set_accept_enabled(False)
            for listener in self.sockets:
                listener.close()
        return is_alive


class Logger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's logs in one line per record, also the access log that an operator may add."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        is_json = read("LOG_FORMAT", log_format, default="plain") == "json"
        lines = ((self.error_log, self.error_fmt), (self.access_log, self.access_fmt))
        for log, line in lines:
            for handler in log.handlers:
                if isinstance(handler, logging.StreamHandler):
                    one_line = OneLineFormatter(line, self.datefmt)
                    handler.setFormatter(JsonFormatter() if is_json else one_line)


logger_class = Logger
control_socket_disable = True
# For heartbeats: a container may have no writable /tmp. None stands for that.
# https://gunicorn.org/faq/#how-do-i-avoid-gunicorn-excessively-blocking-in-osfchmod
MEMORY = "/dev/shm"  # noqa: S108  # nosec B108: gunicorn makes a new file there
worker_tmp_dir = MEMORY if os.access(MEMORY, os.W_OK) else None
