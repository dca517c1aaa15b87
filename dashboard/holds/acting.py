"""Pages of what staff do with colleagues' holds and with several holds at once."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboard.accounts.acting import actor_of
from dashboard.holds import pages, settling, taking_over, told
from dashboard.holds.forms import TakeOverForm
from dashboard.holds.problems import HoldError


@require_POST
def take_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a colleague's hold one's own."""
    settling.bring_to_rest(pk, timezone.now())
    form = TakeOverForm(request.POST)
    if not form.is_valid():
        return pages.hold_page(request, pk, status=422, take_over_form=form)
    try:
        done = taking_over.take_over(
            hold_id=pages.existing(pk),
            by=actor_of(request),
            reason=form.cleaned_data["reason"],
            note=form.cleaned_data["note"],
            version=pages.version(request),
            now=timezone.now(),
        )
    except HoldError as error:
        form.show(error)
        return pages.hold_page(request, pk, status=error.status, error=error, take_over_form=form)
    messages.success(request, told.taken_over(done))
    return pages.see(done)
