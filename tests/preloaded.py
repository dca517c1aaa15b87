"""Load the libraries and the product, but none of its settings that differ between programs.

Programs that are forked from here hash a password, and compress a file, in a moment.
"""

# ruff: noqa: F401
import gc
import os
import sys
from importlib import import_module
from typing import Any
from unittest import mock

import argon2
import django.core.management.commands.check
import django.core.management.commands.migrate
import django.core.wsgi
import django.template.backends.django
import gunicorn.app.wsgiapp
import gunicorn.workers.gthread
import psycopg
import whitenoise.middleware
from django.apps import apps
from django.conf import empty, global_settings, settings
from django.db import connections

import tests.forking
import tests.quick_work.sitecustomize

NEEDED = {"SECRET_KEY": "k" * 50, "CALCOM_API_KEY": "cal_x", "PUBLIC_URL": "http://localhost"}
# What modules read while they are loaded: the same in every program.
OF_THE_PRODUCT = ["INSTALLED_APPS", "AUTH_USER_MODEL", "LANGUAGES", "LANGUAGE_CODE", "LOCALE_PATHS"]
OF_DJANGO = ["DEFAULT_TABLESPACE", "DEFAULT_INDEX_TABLESPACE", "DEFAULT_AUTO_FIELD"]
OF_DJANGO += ["ABSOLUTE_URL_OVERRIDES", "USE_I18N", "DEBUG"]


class Refusing:
    """Refuse every other setting, so that no module keeps one that its program does not have."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{name} is read while a module is loaded")


def load() -> None:
    """Load all modules that programs share, then forget the settings."""
    with mock.patch.dict(os.environ, NEEDED, clear=True):
        given = import_module("dashboard.settings")
    same = {name: getattr(given, name) for name in OF_THE_PRODUCT}
    same |= {name: getattr(global_settings, name) for name in OF_DJANGO}
    # Models ask the database for the longest name of a table, which is none of theirs.
    same["DATABASES"] = {"default": {"ENGINE": "django.db.backends.sqlite3"}}
    settings.configure(Refusing(), **same)
    apps.populate(settings.INSTALLED_APPS)
    for name in ("dashboard.urls", "dashboard.management.command_line", *same_middleware(given)):
        import_module(name)
    settings._wrapped = empty
    connections._settings = None
    del connections["default"], connections.settings
    del sys.modules["dashboard.settings"], sys.modules["dashboard"].settings


def same_middleware(given: Any) -> set[str]:
    """Return the modules of the middleware."""
    return {path.rpartition(".")[0] for path in given.MIDDLEWARE}


try:
    load()
except ImportError as error:  # which multiprocessing would ignore
    raise RuntimeError("the product cannot be loaded") from error
gc.freeze()  # shared with all forks
