"""Offer the register's clients below the fields of a client, as one types."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.holds import register
from dashboard.pages.ended import text_to_find

MOST_OFFERED = 8


@require_safe
def known_clients(request: HttpRequest) -> HttpResponse:
    """Answer the script of a client's fields; what is typed comes in a header."""
    clients = register.clients(text_to_find(request), most=MOST_OFFERED)
    return render(request, "holds/_clients.html", {"clients": clients})
