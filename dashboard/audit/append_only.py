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


def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise AppendOnlyError("rows of this table are added and never changed or removed")


class AppendOnlyQuerySet(models.QuerySet[Row_co]):
    """Query set that reads and inserts. Its asynchronous methods call these."""

    update = delete = bulk_update = update_or_create = refuse

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Insert rows; refuse the options that change or skip existing ones."""
        if len(args) > 1 or any(kwargs.get(name) for name in CONFLICT_OPTIONS):
            refuse()
        return super().bulk_create(objs, *args, **kwargs)


class AppendOnlyModel(models.Model):
    """Model that is inserted once. An existing primary key raises IntegrityError."""

    class Meta:
        abstract = True

    delete = refuse

    def save(self, *_args: Any, using: str | None = None, **_kwargs: Any) -> None:
        """Insert the row, without looking for one to update; ignore other options."""
        if not self._state.adding:
            refuse()
        super().save(force_insert=True, using=using)
