"""What is said to a method that an address does not take."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.template.loader import render_to_string

from dashboard.edge.request import EdgeRequest, Handler


def middleware(get_response: Handler) -> Handler:
    """Give Django's empty 405 a page, and OPTIONS the methods that it asks for.

    Stands where the page finds who is signed in and in which language.
    https://www.rfc-editor.org/rfc/rfc9110#section-9.3.7
    """

    def handle(request: EdgeRequest) -> HttpResponseBase:
        response = get_response(request)
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        if request.method == "OPTIONS":
            headers = {"Allow": f"{response['Allow']}, OPTIONS", "Content-Length": "0"}
            return HttpResponse(headers=headers)
        response.content = render_to_string("405.html", request=request)
        return response

    return handle
