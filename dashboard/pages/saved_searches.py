"""Saved searches of the log, for Admins: save, open, rename, delete, and those of others."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.accounts.actors import actor_of
from dashboard.accounts.saved_forms import recall
from dashboard.audit import saved_searches
from dashboard.audit.forms import LogForm
from dashboard.audit.saved_searches import SavedSearch, SavedSearchError
from dashboard.pages.fields import LineField


class NameForm(forms.Form):
    name = LineField(
        label=_lazy("Name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    replace = forms.BooleanField(label=_lazy("Replace the search of this name"), required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def searches(request: HttpRequest) -> HttpResponse:
    """List a person's own searches, or save the one in the address."""
    log_form = LogForm(request.GET, viewer=request.user.pk)
    query = log_form.query if log_form.is_valid() else ""
    form = NameForm(request.POST if request.method == "POST" else None, initial=recall(request))
    if query and form.is_bound and form.is_valid():
        try:
            saved_searches.save(owner=actor_of(request).user.pk, query=query, **form.cleaned_data)
        except SavedSearchError as error:
            form.add_error("name", error)
        else:
            messages.success(request, _("Saved: %(name)s.") % {"name": form.cleaned_data["name"]})
            return HttpResponseRedirect(f"{reverse('audit')}?{query}", status=303)
    own = SavedSearch.objects.filter(owner=request.user.pk)
    context = {
        "form": form,
        "is_taken": form.has_error("name", "taken"),
        "query": query,
        "chips": query and log_form.chips,
        "searches": own,
    }
    return render(request, "audit/searches.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one search, rename one's own, or delete it; an Admin may delete those of others."""
    found = get_object_or_404(SavedSearch.objects.select_related("owner"), pk=pk)
    is_own = found.owner_id == request.user.pk
    if request.method == "POST" and "delete" in request.POST:
        saved_searches.delete(found, by=actor_of(request), now=timezone.now())
        messages.success(request, _("Deleted: %(name)s.") % {"name": found.name})
        return to_list(is_own)
    if not is_own:
        return to_list(is_own)
    initial = {"name": found.name} | recall(request).dict()
    form = NameForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            if not saved_searches.rename(found, form.cleaned_data["name"]):
                raise Http404
        except SavedSearchError as error:
            form.add_error("name", error)
        else:
            messages.success(request, _("Saved: %(name)s.") % {"name": form.cleaned_data["name"]})
            return to_list(is_own)
    context = {"form": form, "search": found}
    return render(request, "audit/search.html", context, status=422 if form.errors else 200)


@require_safe
def others(request: HttpRequest) -> HttpResponse:
    """List the searches of others; the log has that they were read."""
    found = saved_searches.read_others(by=actor_of(request), now=timezone.now())
    return render(request, "audit/searches_of_others.html", {"searches": found})


def to_list(is_own: bool) -> HttpResponse:
    return HttpResponseRedirect(
        reverse("audit-searches" if is_own else "audit-searches-of-others"), status=303
    )
