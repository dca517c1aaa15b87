"""The product's own settings, with one more view and a query counter."""

from dashboard.settings import *  # noqa: F403
from dashboard.settings import MIDDLEWARE

ROOT_URLCONF = "tests.bench.urls"
MIDDLEWARE = ["tests.bench.query_count.middleware", *MIDDLEWARE]
