"""Authentication backend."""

from django.contrib.auth.backends import ModelBackend

from dashboard.accounts.models import User


class Backend(ModelBackend):
    """Read a person together with their preferences, which every page needs: one query less."""

    def get_user(self, user_id: int) -> User | None:
        people = User.objects.select_related("stored_preferences").filter(pk=user_id)
        user = next(iter(people), None)  # first() would sort
        return user if user is not None and self.user_can_authenticate(user) else None
