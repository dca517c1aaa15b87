"""The WSGI application."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from dashboard.edge.script_name import mounted

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
CANNOT_START = 3  # gunicorn's word for: starting the worker again would not help

try:
    application = mounted(get_wsgi_application(), settings.PUBLIC_ADDRESS.prefix)
except ImproperlyConfigured as wrong:
    sys.stderr.write(f"{wrong}\n")
    sys.exit(CANNOT_START)
