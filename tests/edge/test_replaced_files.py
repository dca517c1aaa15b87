"""An upgrade replaces the program's files while the version before still serves."""

import shutil
import subprocess
import sys

import pytest

from tests.forking import PROJECT
from tests.migrated import PEOPLED, sqlite_template
from tests.serving import environment

pytestmark = pytest.mark.slow

# Standard input names the pages; the first that cannot be shown ends the program. The last line
# tells whether a page is German.
VISIT = """\
import shutil, sys
import dashboard.wsgi
shutil.rmtree("dashboard")
shutil.rmtree("templates")
from django.test import Client
from dashboard.accounts.models import User
client = Client(HTTP_HOST="127.0.0.1")
client.force_login(User.objects.get(username="vera"))
for page in sys.stdin.read().split():
    print(client.get(page).status_code, page)
print("Abmelden" in client.get("/", headers={"Accept-Language": "de"}).content.decode())
"""
SHOWN = [
    *("/", "/wallboard", "/past?q=x", "/look-up", "/settings/", "/accounts/password/"),
    *("/calendars/", "/admin/dashboard/user/", "/admin/dashboard/user/add/"),
    *("/audit/", "/audit/1/", "/audit/pictures", "/audit/retention", "/audit/searches/"),
    *("/holds/new", "/holds/first"),
]


def test_started_server_reads_no_file_of_the_program_any_more(tmp_path):
    for folder in ("dashboard", "templates", "static"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    database = shutil.copy(sqlite_template(PEOPLED), tmp_path / "db.sqlite3")
    variables = environment(
        public_url="http://127.0.0.1",
        database_url=str(database),
        CALCOM_API_URL="http://127.0.0.1:1",  # nothing listens there
    )
    done = subprocess.run(
        [sys.executable, "-c", VISIT],
        input="\n".join(SHOWN),
        env=variables | {"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [*(f"200 {page}" for page in SHOWN), "True"]
