"""Authentication backend."""

from functools import cache
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import F

from dashboard.accounts.models import User


class Backend(ModelBackend):
    """Read a person together with preferences and groups, which every page needs: in one query."""

    def get_user(self, user_id: int) -> User | None:
        rows = list(people_by_group().filter(pk=user_id))
        person: User | None = rows[0] if rows else None
        if person is None or not self.user_can_authenticate(person):
            return None
        person.group_names = frozenset(row.group_name for row in rows if row.group_name)
        return person


@cache
def people_by_group() -> Any:
    """Return the query of all people, a row for each group. Built once, and never run itself."""
    people = User.objects.select_related("stored_preferences")
    return people.annotate(group_name=F("groups__name"))
