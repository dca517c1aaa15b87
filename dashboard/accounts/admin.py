"""People and their roles, on Django's admin pages: nothing else of it is reachable.

Every save goes through ``people``. Nobody can be deleted, and neither the superuser flag nor
single permissions stand on any form, so a forged field for them is never read.
"""
# ruff: noqa: ARG002 - the signatures are Django's

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite, ModelAdmin, display
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, include, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from dashboard.accounts import people
from dashboard.accounts.actors import actor_of
from dashboard.accounts.forms import PersonForm
from dashboard.accounts.models import User
from dashboard.accounts.policy import View, admins_only
from dashboard.accounts.roles import is_admin, role_of

PERSON_PAGES = {"dashboard_user_changelist", "dashboard_user_add", "dashboard_user_change"}
# What ``list_filter`` makes of its two fields in an address.
LOOKUPS = {"is_active__exact", "groups__id__exact", "groups__isnull"}
MOST_FIND = 100  # characters


@admins_only
def to_people(_request: HttpRequest, **_: str) -> HttpResponse:
    """Go to the list of people: the only thing here."""
    return redirect("admin:dashboard_user_changelist")


class PeopleSite(AdminSite):
    """Django's admin with one kind of thing in it, for Admins instead of ``is_staff``."""

    site_title = site_header = "Holdfast"
    site_url = None
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return is_admin(request.user)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Django's own takes every method it does not know for a GET."""
        known = require_http_methods(["GET", "HEAD", "POST"])
        return known(super().admin_view(view, cacheable))

    def get_urls(self) -> list[URLResolver | URLPattern]:
        words_of_scripts = self.admin_view(self.i18n_javascript, cacheable=True)
        return [
            path("", to_people, name="index"),
            path("login/", to_people, name="login"),
            path("jsi18n/", admins_only(words_of_scripts), name="jsi18n"),
            path("<str:app_label>/", to_people, name="app_list"),
            path("dashboard/user/", include(self.get_model_admin(User).urls)),
        ]


class PersonAdmin(ModelAdmin):  # type: ignore[type-arg]
    """List, add, change. What may be changed, and by whom, is said in ``people``."""

    form = PersonForm
    actions = None
    list_display = ("username", "first_name", "last_name", "email", "role", "is_active")
    list_display_links = ("username",)
    list_filter = ("is_active", "groups")
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    change_form_template = "accounts/person.html"
    about = (
        (None, {"fields": ("username", "first_name", "last_name", "email")}),
        (_("May enter"), {"fields": ("is_active", "role")}),
    )
    secret = (_("Password"), {"fields": ("new_password", "new_password_again")})

    @display(description=_("Role"))
    def role(self, person: User) -> str:
        names = [role_of(person).label, *([_("superuser")] if person.is_superuser else [])]
        return ", ".join(map(str, names))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_urls(self) -> list[URLPattern]:
        return [url for url in super().get_urls() if url.name in PERSON_PAGES]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Each word is one more condition, and SQLite takes a thousand of them, no more."""
        return super().get_search_results(request, queryset, search_term[:MOST_FIND])

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only the list's own filters, or the address could ask how a password's hash begins."""
        return lookup in LOOKUPS

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        may_change = self.has_change_permission(request, obj)
        return (*self.about, self.secret) if may_change else self.about

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[ModelForm[User]]:
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (form,), {"by": request.user})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_admin(request.user)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return is_admin(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_admin(request.user)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        of_superuser = obj is not None and obj.is_superuser
        return is_admin(request.user) and (request.user.is_superuser or not of_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: PersonForm, change: bool) -> None:
        try:
            saved = _save(request, obj.pk, form)
        except (people.PeopleError, ValidationError) as refused:
            # Only a race gets here: the form has looked before. It must not be raised on, for the
            # audit entry of the refusal stands in the transaction around this.
            obj.refused = refused  # type: ignore[attr-defined]
            return
        obj.pk = saved.pk
        if saved.pk == request.user.pk and form.cleaned_data.get("new_password"):
            update_session_auth_hash(request, saved)

    def response_add(
        self, request: HttpRequest, obj: User, post_url_continue: str | None = None
    ) -> HttpResponse:
        return _refusal(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: User) -> HttpResponse:
        return _refusal(request, obj) or super().response_change(request, obj)

    # The audit says all that Django's own log of changes would say, and cannot be emptied.

    def log_addition(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        return

    def log_change(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        return


def _save(request: HttpRequest, pk: int | None, form: PersonForm) -> User:
    by, now = actor_of(request), timezone.now()
    wished, password = form.wished(), form.cleaned_data["new_password"]
    if pk is None:
        return people.add_person(**wished, password=password, by=by, now=now)
    saved = people.change_person(person=pk, **wished, by=by, now=now)
    return people.set_password(person=pk, password=password, by=by, now=now) if password else saved


def _refusal(request: HttpRequest, obj: User) -> HttpResponse | None:
    refused = getattr(obj, "refused", None)
    if refused is None:
        return None
    words = refused.words if isinstance(refused, people.PeopleError) else refused.messages[0]
    messages.error(request, str(words))
    return HttpResponseRedirect(request.path)


people_site = PeopleSite(name="admin")
people_site.register(User, PersonAdmin)
