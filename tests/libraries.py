"""Load the libraries of the product: those of their modules that need no settings of Django.

Programs that have them hash a password in a moment.
"""

# ruff: noqa: F401
import gc

import argon2
import csp.middleware
import django.contrib.admin
import django.contrib.humanize.templatetags.humanize
import django.contrib.messages.middleware
import django.contrib.sessions.middleware
import django.contrib.staticfiles.storage
import django.core.handlers.wsgi
import django.core.management.commands.check
import django.core.wsgi
import django.db.backends.sqlite3.base
import django.db.migrations.executor
import django.template.backends.django
import django.views.i18n
import django_htmx.middleware
import httpcore
import httpx
import orjson
import prometheus_client
import psycopg
import whitenoise.middleware

import tests.forking
import tests.quick_hashing.sitecustomize

gc.freeze()  # shared with all forks
