"""Load the libraries of the product: those of their modules that need no settings of Django.

Programs that have them hash a password in a moment. As in production, Argon2 would take half a
second and 100 MiB for each sign-in of each test.
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
from django.contrib.auth.hashers import Argon2PasswordHasher

import tests.forking

Argon2PasswordHasher.time_cost = 1
Argon2PasswordHasher.memory_cost = 8  # KiB
Argon2PasswordHasher.parallelism = 1

gc.freeze()  # shared with all forks
