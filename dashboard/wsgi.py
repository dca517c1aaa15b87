"""WSGI application."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from dashboard.edge.wsgi_middleware import prepared

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
EXIT_BOOT_ERROR = 3  # gunicorn then stops instead of starting the worker again

try:
    application = prepared(get_wsgi_application())
except ImproperlyConfigured as exc:
    sys.stderr.write(f"{exc}\n")
    sys.exit(EXIT_BOOT_ERROR)
