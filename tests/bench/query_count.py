"""Middleware of the benchmark: report the number of queries to a request that asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

HEADER = "X-Queries"


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Count on request only, so that timed requests run the product alone."""

    def handle(request: HttpRequest) -> HttpResponse:
        if HEADER not in request.headers:
            return get_response(request)
        queries = 0

        def count(execute: Callable[..., Any], *args: Any) -> Any:
            nonlocal queries
            queries += 1
            return execute(*args)

        with connection.execute_wrapper(count):
            response = get_response(request)
        response.headers[HEADER] = str(queries)
        return response

    return handle
