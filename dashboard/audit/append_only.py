"""Rows that the ORM may add and read, and nothing else.

This is the polite door: it says at once, and in words, what the database's own triggers
(:mod:`dashboard.audit.triggers`) refuse anyway.
"""

from typing import Any, NoReturn, TypeVar

from django.db import models

Row_co = TypeVar("Row_co", bound=models.Model, covariant=True)


class AppendOnlyError(Exception):
    """Somebody asked to change or remove a row that stands for ever."""


def refuse(what: str) -> NoReturn:
    """Raise the refusal of ``what``, the name of a method."""
    raise AppendOnlyError(f"{what}: rows of this table are added and never changed or removed")


class AppendOnlyQuerySet(models.QuerySet[Row_co]):
    """A query set that reads and inserts. Its asynchronous twins call these same methods."""

    def update(self, **_kwargs: Any) -> NoReturn:
        refuse("update()")

    def delete(self) -> NoReturn:
        refuse("delete()")

    def bulk_update(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        refuse("bulk_update()")

    def update_or_create(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        refuse("update_or_create()")

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Insert rows; what to do about rows that are there already is not for choosing."""
        if len(args) > 1 or any(kwargs.get(name) for name in _CONFLICT_OPTIONS):
            refuse("bulk_create() with a conflict option")
        return super().bulk_create(objs, *args, **kwargs)


_CONFLICT_OPTIONS = ("ignore_conflicts", "update_conflicts", "update_fields", "unique_fields")


class AppendOnlyModel(models.Model):
    """A row that is inserted once. A primary key that is taken is an ``IntegrityError``."""

    class Meta:
        abstract = True

    def save(self, *_args: Any, using: str | None = None, **_kwargs: Any) -> None:
        """Insert the row; never look for one to update. Other options of ``save`` mean nothing."""
        if not self._state.adding:
            refuse("save()")
        super().save(force_insert=True, using=using)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        refuse("delete()")
