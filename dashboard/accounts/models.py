"""People who sign in."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person who signs in. Deactivated, never deleted: the audit log names them for ever."""

    class Meta:
        db_table = "dashboard_user"
        verbose_name = "person"
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.get_full_name() or self.get_username()
