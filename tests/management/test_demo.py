"""``manage.py demo`` in a copy of the project, without any environment variables.

Each start is ended in another way, which must end its child processes too.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

import httpx
import pytest
from django.core.management import CommandError

from dashboard.accounts.models import User
from dashboard.accounts.roles import Role
from dashboard.management import demonstration
from dashboard.management.commands.demo import PASSWORD, demo_sandbox, set_up_person
from dashboard.management.commands.sandbox import chosen_world
from dashboard.management.examples import EXAMPLES
from tests.architecture.source import PROJECT
from tests.architecture.test_settings import setting_variables
from tests.forking import QUICK_WORK
from tests.management.processes import alive, children
from tests.migrated import sqlite_template
from tests.script_visitor import Visitor
from tests.serving import static_root

SIGN_IN = re.compile(r"^  (\w+) / (\S+)$", re.MULTILINE)
CLIENT = re.compile(r'class="client" translate="no">\s*([^<]*[^<\s])')
HUE = re.compile(r'class="calendar-cell">\s*<span class="calendar hue-(\w+)"')
WAIT_SECONDS = 120


@pytest.fixture
def project(tmp_path):
    """Copy the product, so that a demonstration of the developer is left alone."""
    for part in ("dashboard", "static", "templates", "manage.py"):
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy
        copy(PROJECT / part, tmp_path / part)
    # As an earlier start left them; compressing and migrating take seconds.
    shutil.copytree(static_root(), tmp_path / ".demo" / "static")
    shutil.copy(sqlite_template(), tmp_path / ".demo" / "db.sqlite3")
    return tmp_path


@dataclass
class Demo:
    process: subprocess.Popen[str]
    output: str

    @property
    def url(self):
        return re.search(r"Holdfast is at (\S+)/$", self.output, re.MULTILINE)[1]

    @property
    def control(self):
        return re.search(r"switched at (\S+)$", self.output, re.MULTILINE)[1]

    @property
    def sign_ins(self):
        return dict(SIGN_IN.findall(self.output))

    def end(self, number=signal.SIGINT):
        """Send a signal; return the exit code and the rest of the output."""
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=WAIT_SECONDS)
        return self.process.returncode, output

    def end_with_its_children(self, number):
        """Send a signal; check that all processes end, and return as ``end``."""
        started = children(self.process.pid)
        assert len(started) == 2
        ended = self.end(number)
        deadline = time.monotonic() + WAIT_SECONDS
        while any(map(alive, started)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert [child for child in started if alive(child)] == []
        with pytest.raises(httpx.ConnectError):
            httpx.get(self.url, timeout=WAIT_SECONDS, verify=False)
        return ended


def command(*arguments):
    return [sys.executable, "-u", "manage.py", "demo", *arguments]


@contextlib.contextmanager
def demo(project, *arguments, **environment):
    process = subprocess.Popen(
        [
            "env",
            "--ignore-signal=INT",
            *command("--port", "0", *arguments),
        ],  # as a script's "&"
        cwd=project,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    output = ""
    try:
        while "Ctrl-C ends it." not in output:
            line = process.stdout.readline()
            assert line, f"it ended: {output}"
            output += line
        yield Demo(process, output)
    finally:
        process.kill()
        process.communicate()


def failure(project, *arguments):
    """Return the error message of a start that must fail."""
    done = subprocess.run(
        command(*arguments),
        cwd=project,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def test_first_start_ignores_the_environment_and_the_next_finds_its_data(project):
    shutil.rmtree(project / ".demo")
    real = project / "real.sqlite3"
    secret = project / "no-such-file"
    environment = {"DATABASE_URL": str(real), "SECRET_KEY_FILE": str(secret), "DEBUG": "maybe"}
    environment |= {"DJANGO_SETTINGS_MODULE": "settings_of_another_project"}
    with (
        demo(project, **environment, **QUICK_WORK) as first,
        Visitor(first.url) as staff,
        Visitor(first.url) as admin,
    ):
        expect_installed(staff)
        assert first.sign_ins == {"staff": "holdfast-demo", "admin": "holdfast-demo"}
        assert staff.sign_in("staff", "holdfast-demo") == 302
        assert admin.sign_in("admin", "holdfast-demo") == 302
        assert [staff.get(path).status_code for path in ("/", "/audit/")] == [200, 403]
        assert [admin.get(path).status_code for path in ("/", "/audit/")] == [200, 200]
        expect_examples(staff, admin)
        placed = staff.place("Ada Rossi")
        assert placed.status_code == 303
        page = placed.headers["Location"]
        assert "Ada Rossi" in staff.get(page).text
        colours = HUE.findall(staff.get("/").text)
        cookies = staff.client.cookies
        beside = failure(project, "--port", "0")
        goodbye = "\nEnded. The next start finds everything as it is now.\n"
        assert first.end_with_its_children(signal.SIGINT) == (0, goodbye)
    assert not real.exists()
    assert beside == "CommandError: A demonstration is running from this folder already.\n"
    port = str(httpx.URL(first.url).port)  # a part of the cookies' names
    with (
        demo(project, "--port", port, **QUICK_WORK) as second,
        Visitor(second.url, cookies=cookies) as staff,
    ):
        assert HUE.findall(staff.get("/").text) == colours  # grey without a list of event types
        assert "Ada Rossi" in staff.get(page).text  # still signed in, and still held
        checked = staff.post(page, f"{page}check")
        assert (checked.status_code, checked.headers["Location"]) == (303, page)
        assert staff.place("Bruno Verdi").status_code == 409  # also at the sandbox
        board = CLIENT.findall(staff.get("/").text)
        assert board.count("Nora Berg (example)") == 1  # by the first start
        second.end_with_its_children(signal.SIGKILL)


def expect_installed(visitor):
    page = visitor.get("/accounts/login/")
    style = re.search(r'href="(/static/css/[^"]+\.css)"', page.text)[1]
    assert re.search(r"\.[0-9a-f]{12}\.css$", style)
    assert "immutable" in visitor.get(style).headers["Cache-Control"]
    assert visitor.get("/readyz").text == "ok"


def expect_examples(staff, admin):
    """Expect the first board to have live holds of both people, and the log what made them."""
    held = [f"{example.client} (example)" for example in EXAMPLES if not example.release]
    assert CLIENT.findall(staff.get("/").text) == held
    log = admin.get("/audit/").text
    assert [name for name in held if name not in log] == []
    assert " extended " in log
    newest = max(map(int, re.findall(r"/audit/(\d+)/", log)))
    assert "manage.py demo" in admin.get(f"/audit/{newest - 4}/").text  # before three signed in


def test_reachable_demo_has_random_passwords_and_ends_with_each_of_its_processes(project):
    with demo(project, "--host", "0.0.0.0", **QUICK_WORK) as running:
        assert list(running.sign_ins) == ["staff", "admin"]
        assert "holdfast-demo" not in running.output
        with Visitor(running.url) as stranger:
            assert stranger.sign_in("staff", "holdfast-demo") == 422
            assert stranger.sign_in("admin", "holdfast-demo") == 422
        for name, password in running.sign_ins.items():
            with Visitor(running.url) as person:
                assert person.sign_in(name, password) == 302
        assert httpx.URL(running.control).host == "127.0.0.1"
        settle, _server = children(running.process.pid)
        os.kill(settle, signal.SIGKILL)
        output, _ = running.process.communicate(timeout=WAIT_SECONDS)
    assert running.process.returncode == 1
    assert "CommandError: settle ended with code -9" in output


@pytest.mark.django_db
def test_passwords_follow_the_address_at_each_start():
    """A start that others can reach replaces the known password, and the next sets it again."""
    for is_local in (True, False, True):
        password = set_up_person("staff", Role.STAFF, is_local=is_local)
        assert (password == PASSWORD) is is_local
        assert User.objects.get(username="staff").check_password(password)


def test_demo_ignores_every_setting(tmp_path, monkeypatch):
    kept = {"PATH": "/bin", "SSL_CERT_FILE": "/ca.pem"}
    given = [f"{name}{end}" for name in setting_variables() for end in ("", "_FILE")]
    variables = dict.fromkeys([*given, "GUNICORN_CMD_ARGS"], "of the operator") | kept
    monkeypatch.setattr(os, "environ", variables)
    demonstration.prepare(tmp_path)
    assert {name: variables[name] for name in kept} == kept
    assert "of the operator" not in variables.values()


def test_damaged_secret_is_replaced(tmp_path):
    path = tmp_path / "secret"
    made = demonstration.stored_secret(path)
    assert demonstration.stored_secret(path) == made
    for content in (b"", b"\x00" * 67, b"\xff\xfe", made[:30].encode(), f"{made}\n\n".encode()):
        path.write_bytes(content)
        renewed = demonstration.stored_secret(path)
        assert demonstration.SECRET.fullmatch(renewed)
        assert demonstration.stored_secret(path) == renewed != made


def test_damaged_state_of_the_sandbox_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(demonstration, "FOLDER", tmp_path)
    for text in ("", "[]", "{}", '{"holds": [{}]}', '{"holds": 1}', "\xff"):
        (tmp_path / "sandbox.json").write_text(text, encoding="latin-1")
        with pytest.raises(CommandError, match=r"^/.*/sandbox\.json is damaged \(.*\)\. Remove it"):
            demo_sandbox()


def test_damaged_world_is_reported(tmp_path):
    path = tmp_path / "world.json"
    for text in ("", "[]", "{}", '{"users": 1}', '{"users": "ada"}', "\xff"):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(CommandError, match=r"world\.json holds no world: "):
            chosen_world(path)


def test_address_that_cannot_be_listened_on_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        unusable = {
            ("127.0.0.1", port): (
                f"Port {port} is taken by another program: choose one with --port."
            ),
            ("192.0.2.1", 0): "192.0.2.1 is no address of this machine.",
        }
        for address, message in unusable.items():
            with pytest.raises(CommandError) as refused:
                demonstration.listen(*address)
            assert str(refused.value) == message
