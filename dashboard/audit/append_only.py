"""Models whose rows the ORM can insert and read, but not change or delete.

This refuses early and with a message; the database's own triggers
(:mod:`dashboard.audit.triggers`) refuse whatever bypasses it.
"""

from typing import Any, NoReturn, TypeVar

from django.db import models

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)

CONFLICT_OPTIONS = ("ignore_conflicts", "update_conflicts", "update_fields", "unique_fields")


class AppendOnlyError(Exception):
    """Attempt to change or delete a row of an append-only table."""


def refuse(method: str) -> NoReturn:
    """Raise AppendOnlyError for a method."""
    raise AppendOnlyError(f"{method}: rows of this table are added and never changed or removed")


class AppendOnlyQuerySet(models.QuerySet[Row_co]):
    """Query set that reads and inserts. Its asynchronous methods call these."""

    def update(self, **_kwargs: Any) -> NoReturn:
        refuse("update()")

    def delete(self) -> NoReturn:
        refuse("delete()")

    def bulk_update(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        refuse("bulk_update()")

    def update_or_create(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        refuse("update_or_create()")

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Insert rows; refuse the options that change or skip existing ones."""
        if len(args) > 1 or any(kwargs.get(name) for name in CONFLICT_OPTIONS):
            refuse("bulk_create() with a conflict option")
        return super().bulk_create(objs, *args, **kwargs)


class AppendOnlyModel(models.Model):
    """Model that is inserted once. An existing primary key raises IntegrityError."""

    class Meta:
        abstract = True

    def save(self, *_args: Any, using: str | None = None, **_kwargs: Any) -> None:
        """Insert the row, without looking for one to update; ignore other options."""
        if not self._state.adding:
            refuse("save()")
        super().save(force_insert=True, using=using)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        refuse("delete()")
