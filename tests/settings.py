"""The product's own settings with the environment of a test run.

SQLite in a file, as in real use, or with ``TEST_DATABASE=postgresql`` a PostgreSQL that is
started for the run and removed after it.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

from tests import postgresql, run

# No test checks what a power failure leaves, so temporary files stay in memory where there is room.
MEMORY = Path("/dev/shm")
ROOM = 2**30  # bytes
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ.setdefault("TMPDIR", str(MEMORY))
    tempfile.tempdir = None  # found anew: pytest has looked for it already

# What the shell of an operator has set must not lead tests to a real cal.com or a real database.
# Later processes of a run have what the tests gave them.
if run.FOLDER not in os.environ:
    product = Path(__file__).parent.parent / "dashboard" / "settings.py"
    for name in re.findall(r'\bread\(\s*"(\w+)"', product.read_text()):
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0123456789abcdef" * 3)
os.environ.setdefault("DEBUG", "off")
os.environ.setdefault("PUBLIC_URL", "http://testserver")
os.environ.setdefault("CALCOM_API_KEY", "cal_ownerfast0123456789")
os.environ.setdefault("OFFICE_TIME_ZONE", "Europe/Rome")
if os.environ.get("TEST_DATABASE", "sqlite") == "postgresql":
    os.environ.setdefault("DATABASE_URL", postgresql.server_url())

from dashboard.settings import *  # noqa: E402, F403
from dashboard.settings import STORAGES  # noqa: E402

# Straight from their folders, without collecting them first.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT = run.folder() / "no-static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True  # looks a file up when asked, not all of them for every test client
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
