"""``manage.py demo`` as somebody meets it who has only Python: in a copy, with nothing set."""

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
from pathlib import Path

import httpx
import pytest

from dashboard.management import demonstration
from tests.house.arrows import PROJECT
from tests.house.test_settings import read_by_the_settings
from tests.script_visitor import Visitor

SIGN_IN = re.compile(r"^  (\w+) / (\S+)$", re.MULTILINE)
WAIT_SECONDS = 60


@pytest.fixture
def project(tmp_path):
    """The product in a folder of its own: a demonstration that runs beside the tests is safe."""
    for part in ("dashboard", "static", "templates", "manage.py"):
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy
        copy(PROJECT / part, tmp_path / part)
    return tmp_path


@dataclass
class Demo:
    process: subprocess.Popen[str]
    said: str

    @property
    def url(self):
        return re.search(r"Holdfast is at (\S+)/$", self.said, re.MULTILINE)[1]

    @property
    def control(self):
        return re.search(r"switched at (\S+)$", self.said, re.MULTILINE)[1]

    @property
    def sign_ins(self):
        return dict(SIGN_IN.findall(self.said))

    def children(self):
        pid = self.process.pid
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]

    def end(self, number=signal.SIGINT):
        """Send a signal; gives back the exit code and what else it said."""
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=WAIT_SECONDS)
        return self.process.returncode, said


def command(*arguments):
    return [sys.executable, "-u", "manage.py", "demo", *arguments]


@contextlib.contextmanager
def demo(project, *arguments, **environment):
    process = subprocess.Popen(
        command("--port", "0", *arguments),
        cwd=project,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = ""
    try:
        while "Ctrl-C ends it." not in said:
            line = process.stdout.readline()
            assert line, f"it ended: {said}"
            said += line
        yield Demo(process, said)
    finally:
        process.kill()
        process.communicate()


def refused(project, *arguments):
    """The complaint of a start that must not succeed."""
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


def test_it_starts_serves_ends_and_finds_its_data_again(project):
    with demo(project) as first, Visitor(first.url) as staff, Visitor(first.url) as admin:
        assert first.sign_ins == {"staff": "holdfast-demo", "admin": "holdfast-demo"}
        assert staff.sign_in("staff", "holdfast-demo") == 302
        assert admin.sign_in("admin", "holdfast-demo") == 302
        assert [staff.get(path).status_code for path in ("/", "/audit/")] == [200, 403]
        assert [admin.get(path).status_code for path in ("/", "/audit/")] == [200, 200]
        placed = staff.place("Ada Rossi")
        assert placed.status_code == 303
        page = placed.headers["Location"]
        assert "Ada Rossi" in staff.get(page).text
        cookies = staff.client.cookies
        said = "\nEnded. The next start finds everything as it is now.\n"
        assert first.end() == (0, said)
    with demo(project) as second, Visitor(second.url, cookies=cookies) as staff:
        assert "Ada Rossi" in staff.get(page).text  # still signed in, and still held
        checked = staff.post(page, f"{page}check")
        assert (checked.status_code, checked.headers["Location"]) == (303, page)
        assert staff.place("Bruno Verdi").status_code == 409  # at the stand-in too


def test_it_serves_like_in_real_use(project):
    with demo(project) as running, Visitor(running.url) as anybody:
        page = anybody.get("/accounts/login/")
        style = re.search(r'href="(/static/css/[^"]+\.css)"', page.text)[1]
        assert re.search(r"\.[0-9a-f]{12}\.css$", style)
        assert "immutable" in anybody.get(style).headers["Cache-Control"]
        assert anybody.get("/readyz").text == "ok"


def test_it_keeps_out_of_what_the_environment_points_to(project):
    real = project / "real.sqlite3"
    secret = project / "no-such-file"
    told = {"DATABASE_URL": str(real), "SECRET_KEY_FILE": str(secret), "DEBUG": "maybe"}
    told |= {"DJANGO_SETTINGS_MODULE": "settings_of_another_project"}
    with demo(project, **told) as running:
        assert httpx.get(f"{running.url}/readyz").text == "ok"
    assert not real.exists()


def test_it_knows_every_setting_that_could_come_in():
    assert sorted(demonstration.VARIABLES) == sorted(read_by_the_settings())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_its_parts_end_with_it_however_it_ends(project, number):
    with demo(project) as running:
        children = running.children()
        assert len(children) == 3
        running.end(number)
        deadline = time.monotonic() + WAIT_SECONDS
        while any(map(alive, children)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert [child for child in children if alive(child)] == []
        with pytest.raises(httpx.ConnectError):
            httpx.get(running.url)


def alive(pid):
    """Whether a process still runs; one that only waits to be counted does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_it_ends_when_a_part_of_it_ends(project):
    with demo(project) as running:
        os.kill(running.children()[0], signal.SIGKILL)
        said, _ = running.process.communicate(timeout=WAIT_SECONDS)
    assert running.process.returncode == 1
    assert "CommandError: sandbox ended with code -9" in said


def test_a_taken_port_is_named(project):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        complaint = refused(project, "--port", port)
    assert complaint == (
        f"CommandError: Port {port} is taken by another program: choose one with --port.\n"
    )


def test_a_host_that_is_not_ours_is_named(project):
    complaint = refused(project, "--host", "192.0.2.1")
    assert complaint == "CommandError: 192.0.2.1 is no address of this machine.\n"


def test_two_from_one_folder_would_mix_up_their_data(project):
    with demo(project):
        complaint = refused(project, "--port", "0")
    assert complaint == "CommandError: A demonstration is running from this folder already.\n"


def test_where_others_can_reach_it_nobody_knows_the_passwords(project):
    with demo(project) as at_home:
        assert set(at_home.sign_ins.values()) == {"holdfast-demo"}
        at_home.end()
    with demo(project, "--host", "0.0.0.0") as running:
        assert list(running.sign_ins) == ["staff", "admin"]
        assert "holdfast-demo" not in running.said
        with Visitor(running.url) as stranger:
            assert stranger.sign_in("staff", "holdfast-demo") == 422
            assert stranger.sign_in("admin", "holdfast-demo") == 422
        for name, password in running.sign_ins.items():
            with Visitor(running.url) as person:
                assert person.sign_in(name, password) == 302
        assert httpx.URL(running.control).host == "127.0.0.1"
        running.end()
    with demo(project) as at_home, Visitor(at_home.url) as staff:
        assert staff.sign_in("staff", at_home.sign_ins["staff"]) == 302
        assert at_home.sign_ins["staff"] == "holdfast-demo"
