"""Error pages without a view, and error reports without values."""
# ruff: noqa: ARG001, ARG002 - the signatures are Django's

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.debug import SafeExceptionReporterFilter

# Django's own handlers look for a CSRF token in the form first, and fail on an unreadable form.


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:
    """Render 400 without the request, which may be too broken to tell who is signed in."""
    return HttpResponseBadRequest(render_to_string("400.html"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


class RedactingReporterFilter(SafeExceptionReporterFilter):
    """Redact every variable of every frame and every submitted field, also with DEBUG.

    Django's filter hides only what is named like a secret. Here the values are secret whatever
    their name: uids of reservations, and personal data of clients.
    """

    def is_active(self, request: HttpRequest | None) -> bool:
        """Return True in every mode, DEBUG included."""
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        if request is None:
            return {}
        return dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()
