"""People who sign in, and how often somebody tried in vain."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.groups import ADMINS, STAFF


class User(AbstractUser):
    """A person who signs in. Deactivated, never deleted: the audit log names them for ever."""

    # How often all sessions were ended by switching off: one from before fits no more.
    sessions_ended = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        db_table = "dashboard_user"
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.get_full_name() or self.get_username()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        # Django's own place for this, with each secret that it knows.
        salt = "dashboard.accounts.models.User.session"
        text = f"{self.password}\0{self.sessions_ended}"
        return salted_hmac(salt, text, secret=secret, algorithm="sha256").hexdigest()

    @property
    def likes(self) -> Preferences:
        """How this person likes to work; as the office does where they have not said so."""
        try:
            return self.preferences
        except Preferences.DoesNotExist:
            return Preferences(user=self)

    @cached_property
    def group_names(self) -> frozenset[str]:
        """The groups this person is in: at most one query for as long as this object lives."""
        return frozenset(group.name for group in self.groups.all())

    @property
    def is_admin(self) -> bool:
        """Active, and in Admins or a superuser."""
        return self.is_active and (self.is_superuser or ADMINS in self.group_names)

    @property
    def is_member(self) -> bool:
        """Active, and in Staff or Admins: may work with holds."""
        return self.is_admin or (self.is_active and STAFF in self.group_names)


class Preferences(models.Model):
    """How one person likes to work. A row is made when they first say so."""

    class Density(models.TextChoices):
        ROOMY = "roomy", _("Comfortable")
        DENSE = "dense", _("Compact")

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="preferences")
    time_zone = models.CharField(max_length=64, blank=True)  # IANA name; empty is the office's
    language = models.CharField(max_length=10, blank=True)  # empty is the browser's
    hold_minutes = models.PositiveIntegerField(null=True)  # None is the office's
    event_type_id = models.BigIntegerField(null=True)
    density = models.CharField(max_length=5, choices=Density, default=Density.ROOMY)
    sound = models.BooleanField(default=False)
    desktop_notice = models.BooleanField(default=False)
    shortcuts = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"preferences of {self.user}"

    @property
    def usual_minutes(self) -> int:
        """For how long a hold is unless somebody says otherwise, within today's policy."""
        return min(self.hold_minutes or settings.HOLD_MINUTES, settings.HOLD_MINUTES_MAX)


class SignInGuesses(models.Model):
    """Tries to sign in from one address, under one name since the last that worked, or under any.

    The key is a digest, so that neither names nor addresses pile up here.
    """

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    wait_until = models.DateTimeField()
    # A try inside the wait is told to the audit once, not once per request.
    told = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["last_at"], name="guesses_last_at")]

    def __str__(self) -> str:
        return f"{self.count} tries until {self.last_at:%Y-%m-%d %H:%M:%S}"
