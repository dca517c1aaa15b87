"""The product's own settings with the environment of a test run."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests")
os.environ.setdefault("DEBUG", "off")
os.environ.setdefault("PUBLIC_URL", "http://testserver")
os.environ.setdefault("CALCOM_API_KEY", "cal_ownerfast0123456789")
os.environ.setdefault("OFFICE_TIME_ZONE", "Europe/Rome")

from dashboard.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
