"""WSGI application."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from dashboard.edge.public_address import under_prefix

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
EXIT_BOOT_ERROR = 3  # gunicorn then stops instead of starting the worker again

try:
    application = under_prefix(get_wsgi_application(), settings.PUBLIC_ADDRESS.prefix)
except ImproperlyConfigured as exc:
    sys.stderr.write(f"{exc}\n")
    sys.exit(EXIT_BOOT_ERROR)
