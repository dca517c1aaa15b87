"""Signing in and out, and how people like to work."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard.accounts import last_user, localisation, preferences, saved_forms, throttling
from dashboard.accounts.actors import actor_of, traces_of
from dashboard.accounts.forms import SignInForm
from dashboard.accounts.models import User
from dashboard.accounts.preferences_form import Choices, PreferencesForm
from dashboard.accounts.return_urls import own_page
from dashboard.audit import trail
from dashboard.audit.models import AuditEntry

Action = AuditEntry.Action
Outcome = AuditEntry.Outcome

LONGEST_NAME = 150
SIGN_LENGTH = 6  # too short to tell which of many passwords it was


class SignIn(LoginView):
    """The sign-in page. Leads back to a page of our own, or to the board."""

    form_class = SignInForm
    template_name = "accounts/login.html"
    redirect_authenticated_user = True
    http_method_names = ["get", "head", "post", "options"]  # Django's would take a PUT for a POST

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        asked = request or self.request
        wished = asked.POST.get("next", asked.GET.get("next", ""))
        return own_page(asked, wished) or ""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wait = throttling.admit(**self._try(), now=timezone.now())
        return super().post(request, *args, **kwargs) if wait is None else self._refuse(wait)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        throttling.forget(**self._try())
        response = super().form_valid(form)
        saved_forms.after_sign_in(self.request)
        trail.event(action=Action.SIGN_IN, by=actor_of(self.request), now=timezone.now())
        user = form.get_user()
        if isinstance(user, User):
            last_user.write(self.request, response, user)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        self._write_failed("")
        return self._page(form, status=422)

    def _refuse(self, wait: throttling.Wait) -> HttpResponse:
        if wait.first:
            self._write_failed("too_many_guesses")
        # Unbound: a password that was not looked at must not be said to be wrong.
        form = self.get_form_class()(self.request, initial={"username": self._name()})
        response = self._page(form, status=429, wait=wait.seconds)
        response["Retry-After"] = str(wait.seconds)
        return response

    def _page(self, form: AuthenticationForm, *, status: int, **extra: Any) -> HttpResponse:
        context = self.get_context_data(form=form, **extra)
        return self.render_to_response(context, status=status)

    def _try(self) -> dict[str, str]:
        return {"name": self._name(), "address": traces_of(self.request)["address"]}

    def _name(self) -> str:
        return self.request.POST.get("username", "").strip()[:LONGEST_NAME]

    def _write_failed(self, error_code: str) -> None:
        trail.event(
            action=Action.SIGN_IN_FAILED,
            by=None,
            outcome=Outcome.REFUSED,
            error_code=error_code,
            actor_name=self._audited_name(),
            now=timezone.now(),
            **traces_of(self.request),
        )

    def _audited_name(self) -> str:
        """Only a name that somebody has: any other may be a password, typed one field too early.

        The same one again has the same sign, so that one forgetful colleague does not look like a
        list of names that is tried.
        """
        name = User.normalize_username(self._name())
        if "\0" not in name and User.objects.filter(username__iexact=name).exists():
            return name
        sign = salted_hmac(f"{__name__}.unknown", name.casefold(), algorithm="sha256").hexdigest()
        return f"{trail.UNKNOWN} {sign[:SIGN_LENGTH]}"


class SignOut(LogoutView):
    """Takes a POST only; another site could otherwise sign people out with a picture."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            trail.event(action=Action.SIGN_OUT, by=actor_of(request), now=timezone.now())
        return super().post(request, *args, **kwargs)


@require_http_methods(["GET", "HEAD", "POST"])
def own_settings(request: HttpRequest, *, event_types: Callable[[], Choices]) -> HttpResponse:
    """How the person likes to work. ``event_types`` lists numbers and names to choose from."""
    by = actor_of(request)
    form = PreferencesForm(
        request.POST if request.method == "POST" else None,
        instance=by.user.likes,
        initial=_typed_before(request),
        event_types=event_types(),
    )
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "accounts/settings.html", {"form": form}, status=status)
    kept = preferences.keep(**form.cleaned_data, by=by)
    with translation.override(localisation.language_of(request, kept)):  # the next page's
        messages.success(request, _("Your settings are saved."))
    return HttpResponseRedirect(reverse("settings"), status=303)


def _typed_before(request: HttpRequest) -> dict[str, str]:
    """A box that was not ticked is not among what was typed."""
    before = saved_forms.recall(request)
    if before is None:
        return {}
    return {name: str(before.get(name, "")) for name in PreferencesForm.base_fields}
