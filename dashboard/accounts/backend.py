"""Authentication backend."""

from django.contrib.auth.backends import ModelBackend
from django.db.models import F

from dashboard.accounts.models import User


class Backend(ModelBackend):
    """Read a person together with preferences and groups, which every page needs: in one query."""

    def get_user(self, user_id: int) -> User | None:
        people = User.objects.select_related("stored_preferences").filter(pk=user_id)
        rows = list(people.annotate(group_name=F("groups__name")))  # one for each group
        if not rows or not self.user_can_authenticate(rows[0]):
            return None
        rows[0].group_names = frozenset(row.group_name for row in rows if row.group_name)
        return rows[0]
