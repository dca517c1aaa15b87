"""Error reports that show where something broke, and none of the values it broke on.

Django's own filter hides what is named like a secret, and with DEBUG nothing at all. Here values
are what is secret: a reservation's uid under any name, and what clients told us.
"""

from __future__ import annotations

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class NoValues(SafeExceptionReporterFilter):
    """Hides every variable of every frame and everything that was sent, in every mode."""

    def is_active(self, request: HttpRequest | None) -> bool:  # noqa: ARG002 - Django's signature
        """With DEBUG too: a page on a screen is read by whoever stands beside it."""
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """The names of the form's fields."""
        if request is None:
            return {}
        return dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(
        self,
        request: HttpRequest | None,  # noqa: ARG002 - Django's signature
        tb_frame: FrameType,
    ) -> ItemsView[str, Any]:
        """The names of the frame's variables."""
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()
