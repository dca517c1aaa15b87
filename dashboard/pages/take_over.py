"""Take over a colleague's hold, from the form on its page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.accounts.actors import actor_of
from dashboard.holds import transfer
from dashboard.holds.problems import HoldError
from dashboard.pages import answers, flash, parameters
from dashboard.pages.forms import TakeOverForm
from dashboard.pages.hold import answer_with_hold, hold_page, refused
from dashboard.pages.rows import get_hold


@require_POST
@answers.missing_is_404
def take_over(request: HttpRequest, pk: int) -> HttpResponse:
    form = TakeOverForm(request.POST)
    if not form.is_valid():
        return hold_page(request, get_hold(pk), status=422, take_over_form=form)
    try:
        hold = transfer.take_over(
            hold_id=pk,
            by=actor_of(request),
            version=parameters.version(request),
            now=timezone.now(),
            **form.cleaned_data,
        )
    except HoldError as error:
        return refused(request, pk, error, take_over_form=form)
    taken = _("You hold it now: %(held)s") % {"held": flash.held_until(hold)}
    messages.success(request, taken)
    return answer_with_hold(request, hold)
