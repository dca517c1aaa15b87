"""People who sign in, their preferences, and counters of failed sign-ins."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.roles import Role


class User(AbstractUser):
    """Person who signs in. Deactivated, never deleted: the audit log refers to them."""

    # Part of the session hash; raised to end all sessions of a person.
    sessions_ended = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        db_table = "dashboard_user"
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.get_full_name() or self.get_username()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # Django calls this with SECRET_KEY and each of SECRET_KEY_FALLBACKS.
        salt = "dashboard.accounts.models.User.session"
        text = f"{self.password}\0{self.sessions_ended}"
        return salted_hmac(salt, text, secret=secret, algorithm="sha256").hexdigest()

    @property
    def name_and_username(self) -> str:
        """Name that tells people of the same full name apart."""
        name, username = self.get_full_name(), self.get_username()
        return f"{name} ({username})" if name else username

    @property
    def preferences(self) -> Preferences:
        """Stored preferences, or the defaults of the office, unsaved."""
        return getattr(self, "stored_preferences", None) or Preferences(user=self)

    def save_preferences(self, **values: Any) -> Preferences:
        """Store values of ``Preferences``; without an audit entry, because they grant nothing."""
        saved, _created = Preferences.objects.update_or_create(user=self, defaults=values)
        return saved

    @cached_property
    def group_names(self) -> frozenset[str]:
        return frozenset(group.name for group in self.groups.all())

    @property
    def is_admin(self) -> bool:
        """True for an active person in Admins, and for an active superuser."""
        return self.is_active and (self.is_superuser or Role.ADMINS in self.group_names)

    @property
    def is_member(self) -> bool:
        """True for an active person who may work with holds: Staff, Admins, superusers."""
        return self.is_admin or (self.is_active and Role.STAFF in self.group_names)

    @property
    def is_wallboard(self) -> bool:
        """True for an active screen on the wall, which may do nothing else."""
        return self.is_active and not self.is_member and Role.WALLBOARD in self.group_names

    @property
    def may_see_holds(self) -> bool:
        """True for Staff, Admins, superusers and screens on the wall, as long as active."""
        return self.is_member or self.is_wallboard


class Preferences(models.Model):
    """Preferences of one person. The row is created when they first save them."""

    class Density(models.TextChoices):
        ROOMY = "roomy", _("Comfortable")
        DENSE = "dense", _("Compact")

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="stored_preferences")
    time_zone = models.CharField(max_length=64, blank=True)  # IANA name; "" = the office's
    language = models.CharField(max_length=10, blank=True)  # "" = the browser's
    hold_minutes = models.PositiveIntegerField(null=True)  # None = the office's
    event_type_id = models.BigIntegerField(null=True)
    board_calendar = models.BigIntegerField(null=True)  # the only one on the board; None = all
    density = models.CharField(max_length=5, choices=Density, default=Density.ROOMY)
    sound = models.BooleanField(default=False)
    desktop_notice = models.BooleanField(default=False)
    shortcuts = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"preferences of {self.user}"

    @property
    def usual_minutes(self) -> int:
        """Default length of a hold in minutes, capped by the current policy."""
        return min(self.hold_minutes or settings.HOLD_MINUTES, settings.HOLD_MINUTES_MAX)


class SignInAttempts(models.Model):
    """Counter of sign-in attempts, of an address or of a user name at an address.

    The counter of a name starts again after a success. The key is a digest, so that the table
    collects neither names nor addresses.
    """

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    wait_until = models.DateTimeField()
    # The audit log records the first attempt inside a wait, not every one.
    logged = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["last_at"], name="attempts_last_at")]

    def __str__(self) -> str:
        return f"{self.count} attempts until {self.last_at:%Y-%m-%d %H:%M:%S}"
