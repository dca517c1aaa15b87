"""Pages: sign-in, sign-out and a person's own settings."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from dashboard.accounts import last_user, remote_user, saved_forms, sessions, throttling
from dashboard.accounts.actors import actor_of, origin_of
from dashboard.accounts.forms import Choices, PreferencesForm, SignInForm
from dashboard.accounts.middleware import language_of
from dashboard.accounts.models import User
from dashboard.accounts.passwords import PasswordCheck, may_change_password
from dashboard.accounts.return_urls import return_url, safe_page
from dashboard.audit import trail
from dashboard.audit.trail import Action, Outcome

MAX_USERNAME = 150  # characters
FINGERPRINT_LENGTH = 6  # too short to tell which of many passwords it was


class SignIn(PasswordCheck, LoginView):
    """Sign-in page. Leads to the page of this site in ``next``, or to the board."""

    form_class = SignInForm
    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        request = request or self.request
        address = request.POST.get("next", request.GET.get("next", ""))
        return safe_page(request, address) or ""

    def get_success_url(self) -> str:
        """Return the page in ``next`` or the board; a screen on the wall has only one page."""
        user = self.request.user
        is_wallboard = isinstance(user, User) and user.is_wallboard
        return reverse("wallboard") if is_wallboard else super().get_success_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add why the person meets this page instead of the one they asked for."""
        context, browser = super().get_context_data(**kwargs), last_user.browser_of(self.request)
        context["named_by_proxy"] = remote_user.identity_of(self.request).name
        if context.get("next") and browser.people:
            context |= {
                "has_signed_out": browser.signed_out,
                "has_session_ended": not browser.signed_out,
                "has_session_failed": last_user.signed_in_just_now(self.request),
                "is_form_kept": saved_forms.has_form_of(self.request, browser.people[0]),
            }
        return context

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        throttling.reset(self.attempt)
        response = super().form_valid(form)
        saved_forms.after_sign_in(self.request)
        sessions.begin(self.request, now=timezone.now())
        remote_user.remember_identity(self.request)
        trail.event(action=Action.SIGN_IN, by=actor_of(self.request), now=timezone.now())
        user = form.get_user()
        if isinstance(user, User):
            last_user.set_cookie(self.request, response, user)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        self.log_failure()
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def unchecked_form(self) -> Form:
        return SignInForm(self.request, initial={"username": self.username()}, autofocus=False)

    def username(self) -> str:
        """Return the submitted user name, cut to the length of the model field."""
        return self.request.POST.get("username", "").strip()[:MAX_USERNAME]

    def log_failure(self, error_code: str = "") -> None:
        """Record it under the user name of a person, else under a fingerprint.

        People type passwords into the wrong field, so an unknown name is never stored. The same
        name has the same fingerprint, which tells one forgetful colleague from a list of guesses.
        """
        name = User.normalize_username(self.username())
        known = None if "\0" in name else User.objects.filter(username__iexact=name).first()
        if known:
            name = known.get_username()
        else:
            salt = "dashboard.accounts.views.unknown"
            fingerprint = salted_hmac(salt, name.casefold(), algorithm="sha256").hexdigest()
            name = f"{trail.UNKNOWN} {fingerprint[:FINGERPRINT_LENGTH]}"
        trail.event(
            action=Action.SIGN_IN_FAILED,
            by=None,
            outcome=Outcome.REFUSED,
            error_code=error_code,
            actor_name=name,
            now=timezone.now(),
            **origin_of(self.request),
        )


class SignOut(LogoutView):
    """Sign out by POST only, so that an image of another site cannot do it."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if user.is_authenticated:
            trail.event(action=Action.SIGN_OUT, by=actor_of(request), now=timezone.now())
        response = super().post(request, *args, **kwargs)
        if isinstance(user, User):
            response = signed_out_page(request) or response
            last_user.set_cookie(request, response, user, signed_out=True)
        return response


def signed_out_page(request: HttpRequest) -> HttpResponse | None:
    """Return a page that leads on to the sign-out of the proxy, if it signed the person in.

    No redirect: browsers apply the form's Content-Security-Policy to each address that the proxy
    redirects to, too.
    """
    address = settings.REMOTE_SIGN_OUT_URL
    if not address or not remote_user.identity_of(request).name:
        return None
    page = render(request, "accounts/signed_out.html", {"address": address})
    page["Refresh"] = f"0; url={address}"
    return page


@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    sessions.end_all(person=by.user.pk, by=by, now=timezone.now())
    logout(request)
    response = signed_out_page(request)
    if response is None:
        messages.success(request, _("You are signed out in all browsers, here too."))
        response = HttpResponseRedirect(reverse("login"), status=303)
    last_user.set_cookie(request, response, by.user, signed_out=True)
    return response


@require_POST
def keep_form(request: HttpRequest) -> HttpResponse:
    """Save what was typed on the page that sends it, and lead to that page.

    Scripts call it when a link was followed after the session had ended; then AccessMiddleware
    saves the form and leads to the sign-in.
    """
    page = return_url(request)
    return HttpResponseClientRedirect(saved_forms.save_post(request, page) or page)


@require_http_methods(["GET", "HEAD", "POST"])
def own_settings(request: HttpRequest, *, event_types: Callable[[], Choices]) -> HttpResponse:
    """Show and save the person's preferences. ``event_types`` returns (id, name) choices."""
    by = actor_of(request)
    saved, fields = saved_forms.recall(request), PreferencesForm.base_fields
    # An unticked box is missing from saved input, and must not show its stored value.
    initial = {name: str(saved.get(name, "")) for name in fields} if saved else {}
    form = PreferencesForm(
        request.POST if request.method == "POST" else None,
        instance=by.user.preferences,
        initial=initial,
        event_types=event_types(),
    )
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        context = {"form": form, "may_change_password": may_change_password(request)}
        return render(request, "accounts/settings.html", context, status=status)
    preferences = by.user.save_preferences(**form.cleaned_data)
    with translation.override(language_of(request, preferences)):  # of the next page
        messages.success(request, _("Your settings are saved."))
    return HttpResponseRedirect(reverse("settings"), status=303)
