"""WSGI application."""

import os
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.template import Engine
from django.utils import translation

from dashboard.edge.wsgi_middleware import prepared

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
EXIT_BOOT_ERROR = 3  # gunicorn then stops instead of starting the worker again
OF_COMMANDS = {"management", "migrations", "sandbox"}


def load_pages() -> None:
    """Load all code, templates and texts of the pages.

    An upgrade replaces these files while the version before serves. What that one loaded at the
    first request for a page would be of the new version, and not fit the rest.
    """
    import_module(settings.ROOT_URLCONF)
    for folder in Path(__file__).parent.iterdir():
        if folder.name not in OF_COMMANDS:
            for module in iter_modules([str(folder)]):
                import_module(f"dashboard.{folder.name}.{module.name}")
    engine = Engine.get_default()
    for directory in map(Path, engine.dirs):
        for file in directory.rglob("*.html"):
            engine.get_template(str(file.relative_to(directory)))
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("Sign in")


try:
    application = prepared(get_wsgi_application())
    load_pages()
except ImproperlyConfigured as exc:
    sys.stderr.write(f"{exc}\n")
    sys.exit(EXIT_BOOT_ERROR)
