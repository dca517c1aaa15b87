"""Remove the oldest entries of the audit log, after a page that says what will be gone."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy as _lazy, ngettext
from django.views.decorators.http import require_http_methods

from dashboard.accounts.actors import actor_of
from dashboard.audit import checkpoints, log_verification, retention
from dashboard.audit.forms import day_field
from dashboard.audit.retention import RetentionError
from dashboard.calcom_state import rate_and_clock
from dashboard.holds.models import Hold

MOST = 5000  # entries that one request has time for


class DayForm(forms.Form):
    """The day before which entries go; without one, the policy says it."""

    before = day_field(_lazy("Remove entries written before"))

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["before"].required = not settings.AUDIT_RETENTION_DAYS
        self.now = now

    def clean_before(self) -> datetime:
        try:
            return retention.cutoff(self.cleaned_data["before"], self.now)
        except RetentionError as error:
            raise forms.ValidationError(str(error)) from error


class ConfirmForm(forms.Form):
    """The number of entries, typed, so that nothing goes by a slip."""

    count = forms.IntegerField(
        label=_lazy("Type the number of entries to confirm"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, wanted: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted = wanted

    def clean_count(self) -> int:
        if self.cleaned_data["count"] != self.wanted:
            raise forms.ValidationError(_("The number is %(n)s.") % {"n": self.wanted})
        return self.wanted


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show what would go, or remove it after its number was typed."""
    now = timezone.now()
    is_asked = "before" in request.GET or bool(settings.AUDIT_RETENTION_DAYS)
    certain = rate_and_clock.proven_local_now(now)
    form = DayForm(request.GET if is_asked else None, now=certain)
    context: dict[str, Any] = {"form": form, "days": settings.AUDIT_RETENTION_DAYS, "most": MOST}
    if request.method == "POST" and retention.left():
        retention.delete_for(log_verification.REQUEST_SECONDS)
        return HttpResponseRedirect(request.get_full_path(), status=303)
    context |= {"last": checkpoints.latest_prune(), "left": retention.left()}
    if not form.is_valid():
        return render(request, "audit/retention.html", context, status=422 if is_asked else 200)
    before = form.cleaned_data["before"]
    found = retention.removable(before, Hold.OPEN, MOST, now=certain)
    confirm = ConfirmForm(request.POST or None, wanted=found.count)
    if request.method == "POST" and found.count and confirm.is_valid():
        try:
            list(retention.prune(found, before=before, by=actor_of(request), now=now))
        except RetentionError as error:
            confirm.add_error(None, str(error))
        else:
            text = ngettext("Removed %(n)s entry.", "Removed %(n)s entries.", found.count)
            messages.success(request, text % {"n": found.count})
            return HttpResponseRedirect(reverse("audit-retention"), status=303)
    context |= {"found": found, "confirm": confirm}
    return render(request, "audit/retention.html", context, status=422 if confirm.errors else 200)
