"""The log, for Admins."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from dashboard.accounts.access import admins_only
from dashboard.audit import entry_fields, search
from dashboard.audit.forms import LogForm
from dashboard.audit.models import AuditEntry
from dashboard.audit.timeline import fold


@admins_only
@require_safe
def audit_log(request: HttpRequest) -> HttpResponse:
    """Actions, newest first; a filter that makes no sense is a 422 with the field marked."""
    form = LogForm(request.GET)
    page = None
    if form.is_valid():
        page = search.page(
            form.wanted(),
            before=form.cleaned_data["before"],
            now=timezone.now(),
            viewer=request.user.pk,
        )
    is_fragment = request.headers.get("HX-Request-Type") == "partial"
    template = "audit/_log.html" if is_fragment else "audit/log.html"
    status = 200 if page else 422
    response = render(request, template, {"form": form, "page": page}, status=status)
    patch_vary_headers(response, ["HX-Request-Type"])
    return response


@admins_only
@require_safe
def audit_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry in full, and every entry of its action."""
    entry = get_object_or_404(AuditEntry.objects.select_related("actor"), pk=pk)
    entries = list(AuditEntry.objects.of_actions([entry.action_id]).order_by("id"))
    context = {
        "entry": entry,
        "facts": list(entry_fields.of(entry)),
        "asked": entry_fields.asked(entries),
        "differences": entry_fields.differences(entries),
        "entries": entries,
        "line": fold(entries, now=timezone.now(), viewer=request.user.pk)[0],
    }
    return render(request, "audit/entry.html", context)
