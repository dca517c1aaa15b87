"""Answer errors that no view handles."""

import sys
from traceback import walk_tb

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import server_error as plain_server_error

from dashboard.audit.log_verification import UnrecordedError
from dashboard.audit.trail import last_recorded
from dashboard.edge.database import UnstoredSessionError
from dashboard.holds.action_log import last_sender

TOKEN = "csrfmiddlewaretoken"  # noqa: S105 - a name of Django's


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 while the database takes no writes or is away, and else 500.

    The page says whether anything was sent to cal.com, or the work may be done: a commit was not
    confirmed, or only the session not stored, or the answer not made. It needs neither database
    nor session.
    """
    error = sys.exc_info()[1]
    if not isinstance(error, DatabaseError | InterfaceError):
        return plain_server_error(request)
    request_id = getattr(request, "request_id", None)
    was_sent = last_sender.get() == request_id
    is_done = isinstance(error, UnstoredSessionError) or last_recorded.get() == request_id
    may_be_done = is_done or lost_commit(error)
    fields = [] if was_sent or may_be_done else fields_to_repeat(request)
    context = {
        "is_form": request.method == "POST",
        "was_sent": was_sent,
        "may_be_done": may_be_done,
        "verified": str(error) if isinstance(error, UnrecordedError) else "",
        "fields": fields,
        "path": request.get_full_path(),
        "csrf_token": request.POST.get(TOKEN, ""),
    }
    response = render(None, "503.html", context, status=503)
    response["Retry-After"] = "10"  # seconds
    return response


def lost_commit(error: BaseException | None) -> bool:
    """Return whether a commit got no answer: PostgreSQL may have done it before it was gone.

    What it refuses has an SQLSTATE. The error can be that of the new connection tried after it.
    """
    while error is not None:
        is_lost = getattr(error.__cause__, "sqlstate", "") is None
        names = {frame.f_code.co_name for frame, _line in walk_tb(error.__traceback__)}
        if is_lost and "commit" in names:
            return True
        error = error.__context__
    return False


def fields_to_repeat(request: HttpRequest) -> list[tuple[str, str]]:
    """Return what was sent, so that a button can send it again.

    Return nothing of a form with a password or a reservation's uid, which no page shows.
    """
    lists = request.POST.lists()
    sent = [(name, value) for name, values in lists if name != TOKEN for value in values]
    has_secret = any("password" in name or name == "uid" for name, _value in sent)
    return [] if has_secret else sent
