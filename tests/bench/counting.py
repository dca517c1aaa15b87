"""How many queries an answer took, told to who asks for it in a header."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

HEADER = "X-Queries"


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Counts only on request, so that what is timed is the product alone."""

    def handle(request: HttpRequest) -> HttpResponse:
        if HEADER not in request.headers:
            return get_response(request)
        statements: list[str] = []

        def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            statements.append(sql)
            return execute(sql, *rest)

        with connection.execute_wrapper(note):
            response = get_response(request)
        response.headers[HEADER] = str(len(statements))
        return response

    return handle
