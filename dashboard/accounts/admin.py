"""Django's admin, reduced to people and their roles.

Every save goes through the services in ``people``. No page deletes a person, and no form has a
field for the superuser flag or for single permissions, so a forged one is never read.
"""
# ruff: noqa: ARG002 - the signatures are Django's

from __future__ import annotations

from contextlib import ExitStack
from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import AdminSite, ModelAdmin, RelatedFieldListFilter, display
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.db.models import QuerySet, Value
from django.db.models.functions import Concat
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, include, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from dashboard.accounts import hashing, people, sessions
from dashboard.accounts.access import View, admins_only
from dashboard.accounts.actors import actor_of
from dashboard.accounts.forms import PersonForm
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role, is_admin, role_of
from dashboard.localization.searching import finder, search_text

PERSON_PAGES = {"dashboard_user_changelist", "dashboard_user_add", "dashboard_user_change"}
# Query parameters of ``list_filter``.
LOOKUPS = {"is_active__exact", "groups__id__exact", "groups__isnull"}


@admins_only
def redirect_to_people(_request: HttpRequest, **_: str) -> HttpResponse:
    return redirect("admin:dashboard_user_changelist")


class PeopleAdminSite(AdminSite):
    """Admin site with one model, for Admins instead of people with ``is_staff``."""

    site_title = site_header = "Holdfast"
    site_url = None
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return is_admin(request.user)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Refuse other methods, which Django's admin would treat like GET; ignore pop-ups."""
        inner = super().admin_view(view, cacheable)

        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(inner)
        def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            for method in ("GET", "POST"):
                parameters = getattr(request, method).copy()
                for name in (IS_POPUP_VAR, TO_FIELD_VAR):  # Django fails on some bad values
                    parameters.pop(name, None)
                setattr(request, method, parameters)
            return inner(request, *args, **kwargs)

        return cast("View", handle)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        catalog = self.admin_view(self.i18n_javascript, cacheable=True)
        return [
            path("", redirect_to_people, name="index"),
            path("login/", redirect_to_people, name="login"),
            path("jsi18n/", admins_only(catalog), name="jsi18n"),
            path("<str:app_label>/", redirect_to_people, name="app_list"),
            path("dashboard/user/", include(self.get_model_admin(User).urls)),
        ]


class RoleFilter(RelatedFieldListFilter):
    """Filter by group, in the words of the column *Role*."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title, self.empty_value_display = _("role"), Role.NONE.label  # type: ignore[assignment]

    def field_choices(self, *args: Any) -> list[tuple[str, Any]]:
        groups = super().field_choices(*args)
        return [(pk, Role(name).label) for pk, name in groups if name in Role.values]


class PersonAdmin(ModelAdmin):  # type: ignore[type-arg]
    """List, add and change people. ``people`` enforces the rules."""

    form = PersonForm
    actions = None
    # On a phone the first columns show without scrolling.
    list_display = ("sign_in_name", "full_name", "role", "is_active", "email")
    list_display_links = ("sign_in_name",)
    list_filter = ("is_active", ("groups", RoleFilter))
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    change_list_template = "accounts/people.html"
    change_form_template = "accounts/person.html"
    fieldsets = (
        (None, {"fields": ("username", "first_name", "last_name", "email")}),
        (_("May enter"), {"fields": ("is_active", "role")}),
        (_("Password"), {"fields": ("new_password", "new_password_again")}),
        (_("Signed in"), {"fields": ("sign_out_everywhere",)}),
    )

    @display(description=_("Name to sign in with"), ordering="username")
    def sign_in_name(self, person: User) -> str:
        return person.username

    @display(description=_("Name"), ordering=Concat("first_name", Value(" "), "last_name"))
    def full_name(self, person: User) -> str:
        return person.get_full_name()

    @display(description=_("Role"))
    def role(self, person: User) -> str:
        names = [role_of(person).label, *([_("superuser")] if person.is_superuser else [])]
        return ", ".join(map(str, names))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": _("People"), **(extra_context or {})})

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_urls(self) -> list[URLPattern]:
        urls = [url for url in super().get_urls() if url.name in PERSON_PAGES]
        for url in urls:
            url.callback = admins_only(url.callback)
        return urls

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Search as the board does, so that both databases find names however they are spelled."""
        is_found = finder(search_term)
        people = queryset.values_list("pk", *self.search_fields)
        found = [pk for pk, *texts in people if is_found(search_text(*texts))]
        return queryset.filter(pk__in=found), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only the list's own filters; others could probe for a password's hash."""
        return lookup in LOOKUPS

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Leave out sessions where there are none, and both where nothing may be changed."""
        if not self.has_change_permission(request, obj):
            return self.fieldsets[:2]
        return self.fieldsets if obj is not None else self.fieldsets[:3]

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[ModelForm[User]]:
        form = super().get_form(request, *args, **kwargs)
        is_busy = getattr(request, "is_busy", False)
        return type(form.__name__, (form,), {"by": request.user, "is_busy": is_busy})

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take a turn to hash a new password, before the transaction that it would hold up."""
        with ExitStack() as stack:
            if request.POST.get("new_password"):
                try:
                    stack.enter_context(hashing.turn())
                except hashing.TooManyHashesError:
                    request.is_busy = True  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return is_admin(request.user)

    has_module_permission = has_add_permission = has_view_permission

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        of_superuser = obj is not None and obj.is_superuser
        return is_admin(request.user) and (request.user.is_superuser or not of_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: PersonForm, change: bool) -> None:
        try:
            saved = save_person(request, obj.pk, form)
        except (people.PeopleError, ValidationError) as exc:
            # Only after a race, because the form has validated before. Raising would roll back
            # the audit entry of the refusal, which is in the transaction of the view.
            obj.refusal = exc  # type: ignore[attr-defined]
            return
        obj.pk = saved.pk
        if saved.pk == request.user.pk and form.cleaned_data.get("new_password"):
            update_session_auth_hash(request, saved)

    def response_add(
        self, request: HttpRequest, obj: User, post_url_continue: str | None = None
    ) -> HttpResponse:
        return refusal_response(request, obj) or super().response_add(
            request, obj, post_url_continue
        )

    def response_change(self, request: HttpRequest, obj: User) -> HttpResponse:
        return refusal_response(request, obj) or super().response_change(request, obj)

    def log_change(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        """Write nothing: the audit log replaces Django's own log of changes."""

    log_addition = log_change  # type: ignore[assignment]


def save_person(request: HttpRequest, pk: int | None, form: PersonForm) -> User:
    """Add or change a person by the services; raise PeopleError or ValidationError."""
    by, now = actor_of(request), timezone.now()
    fields, password = form.edited(), form.cleaned_data["new_password"]
    if pk is None:
        return people.add_person(**fields, password=password, by=by, now=now)
    saved = people.change_person(person=pk, **fields, by=by, now=now)
    if form.cleaned_data["sign_out_everywhere"]:
        sessions.end_all(person=pk, by=by, now=now)
    return people.set_password(person=pk, password=password, by=by, now=now) if password else saved


def refusal_response(request: HttpRequest, obj: User) -> HttpResponse | None:
    """Redirect back to the form with a message if ``save_model`` was refused."""
    refusal = getattr(obj, "refusal", None)
    if refusal is None:
        return None
    words = refusal.words if isinstance(refusal, people.PeopleError) else refusal.messages[0]
    messages.error(request, str(words))
    return HttpResponseRedirect(request.path)


people_site = PeopleAdminSite(name="admin")
people_site.register(User, PersonAdmin)
