"""Whoever is signed in, read together with how they like to work: every page needs both."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend

from dashboard.accounts.models import User


class Backend(ModelBackend):
    """Django's own, with one query less for each page."""

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("preferences").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
