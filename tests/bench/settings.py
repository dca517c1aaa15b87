"""The product's own settings with a URLconf of the benchmark around the product's own."""

from dashboard.settings import *  # noqa: F403
from dashboard.settings import MIDDLEWARE

ROOT_URLCONF = "tests.bench.urls"
MIDDLEWARE = ["tests.bench.counting.middleware", *MIDDLEWARE]
