"""Pages that check a password: tries are throttled. One of them changes a person's own password."""

from abc import ABC, abstractmethod
from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import FormView

from dashboard.accounts import hashing, last_user, people, remote_user, throttling
from dashboard.accounts.actors import actor_of, origin_of
from dashboard.accounts.forms import OwnPasswordForm
from dashboard.accounts.models import User
from dashboard.audit import trail
from dashboard.audit.trail import Action, Outcome


class PasswordCheck(FormView, ABC):  # type: ignore[type-arg]
    """View whose form has a password to check, of the person with ``username()``."""

    http_method_names = ["get", "head", "post", "options"]  # Django treats PUT like POST

    @abstractmethod
    def username(self) -> str:
        """Return the name of the person whose password is checked."""

    @abstractmethod
    def unchecked_form(self) -> Form:
        """Return the form unbound, so that the page does not call an unchecked password wrong."""

    @abstractmethod
    def log_failure(self, error_code: str = "") -> None:
        """Record a try that failed in the audit log."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if wait := throttling.admit(self.attempt, now=timezone.now()):
            if wait.first:
                self.log_failure("too_many_guesses")
            return self.answer_unchecked(429, wait.seconds)
        try:
            with hashing.turn(is_known=bool(self.attempt.browser)):
                return super().post(request, *args, **kwargs)
        except hashing.TooManyHashesError:
            throttling.give_back(self.attempt, now=timezone.now())
            return self.answer_unchecked(503, hashing.RETRY_AFTER, busy=True)

    def answer_unchecked(self, status: int, seconds: int, *, busy: bool = False) -> HttpResponse:
        """Ask to try again after so many seconds."""
        context = self.get_context_data(form=self.unchecked_form(), wait=seconds, busy=busy)
        response = self.render_to_response(context, status=status)
        response["Retry-After"] = str(seconds)
        return response

    @cached_property
    def attempt(self) -> throttling.Attempt:
        """This attempt, counted for the browser alone if the person has used it before."""
        browser, name = last_user.browser_of(self.request), self.username()
        found = User.objects.filter(pk__in=browser.people, username__iexact=name)
        is_known = browser.people and "\0" not in name and found.exists()
        address = origin_of(self.request)["address"]
        return throttling.Attempt(name, address, browser.id if is_known else "")


def may_change_password(request: HttpRequest) -> bool:
    """Return False for a person without a password here, or whom the proxy has signed in."""
    user, named = actor_of(request).user, remote_user.identity_of(request).name
    return user.has_usable_password() and named.casefold() != user.username.casefold()


class PasswordChange(PasswordCheck, PasswordChangeView):
    """Change the person's own password, which ends their other sessions."""

    form_class = OwnPasswordForm
    template_name = "accounts/password.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_change_password(request):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def username(self) -> str:
        return self.request.user.get_username()

    def unchecked_form(self) -> Form:
        return OwnPasswordForm(self.request.user)

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        by, password = actor_of(self.request), form.cleaned_data["new_password1"]
        throttling.reset(self.attempt)
        answer = HttpResponseRedirect(reverse("settings"), status=303)
        try:
            person = people.set_own_password(password=password, by=by, now=timezone.now())
        except people.SessionEndedError:
            self.log_failure("session_ended")
            return answer  # leads to the sign-in
        update_session_auth_hash(self.request, person)
        messages.success(
            self.request, _("Your password is changed. In other browsers you are signed out.")
        )
        return answer

    def form_invalid(self, form: PasswordChangeForm) -> HttpResponse:
        if form.has_error("old_password", "password_incorrect"):
            self.log_failure("wrong_password")
        else:
            throttling.give_back(self.attempt, now=timezone.now())
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def log_failure(self, error_code: str = "") -> None:
        by = actor_of(self.request)
        trail.event(
            action=Action.PASSWORD_CHANGED,
            by=by,
            outcome=Outcome.REFUSED,
            asked=people.audit_identity(by.user),
            error_code=error_code,
            now=timezone.now(),
        )
