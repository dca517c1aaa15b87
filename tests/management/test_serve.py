"""``manage.py serve``: refuse a broken set-up, run two processes, reload without a loss."""

import os
import shutil
import signal
import socket
import threading
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx
import pytest

from dashboard.calcom_state.clock import longest_claim
from dashboard.edge import gunicorn
from dashboard.sandbox import Sandbox, demo_world
from tests.forking import run
from tests.management.processes import alive, children, workers
from tests.migrated import PASSWORD, PEOPLED, sqlite_template
from tests.script_visitor import Visitor
from tests.serving import (
    WAIT_SECONDS,
    environment,
    serving_with_settle,
    static_root,
)
from tests.waiting import wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def variables(tmp_path):
    """Return the environment of a set-up with people, on SQLite."""
    database = shutil.copy(sqlite_template(PEOPLED), tmp_path / "db.sqlite3")
    return environment(public_url="http://127.0.0.1", database_url=str(database))


def failure(variables):
    """Return the error output of a start that must fail; its last line, if there are several."""
    done = run(["manage.py", "serve", "--check"], env=variables)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def test_missing_migrations_stop_the_start(variables, tmp_path):
    variables["DATABASE_URL"] = str(tmp_path / "new.sqlite3")
    found = failure(variables)
    assert found.startswith("CommandError: Holdfast cannot start: migrations are missing (")
    assert found.endswith("); manage.py migrate adds them.\n")


def test_unreachable_database_stops_the_start(variables):
    variables["DATABASE_URL"] = "postgresql://me:hidden-word@127.0.0.1:1/name"
    found = failure(variables)
    assert found.startswith("The database cannot be used: ")
    assert "Traceback" not in found
    assert "hidden-word" not in found


def test_missing_and_outdated_static_files_stop_the_start(variables, tmp_path):
    folder = tmp_path / "static"
    variables["STATIC_ROOT"] = str(folder)
    hint = "Run 'manage.py collectstatic'.\n"
    text = f"There are no collected static files in STATIC_ROOT, {str(folder)!r}."
    assert failure(variables) == f"CommandError: {text} {hint}"
    shutil.copytree(static_root(), folder)
    (folder / "js" / "clock.js").write_text("of an older version")
    text = f"STATIC_ROOT, {str(folder)!r}, lacks files of this version: js/clock.js."
    assert failure(variables) == f"CommandError: {text} {hint}"


@pytest.mark.parametrize("number", ["0", "abc"])
def test_invalid_number_of_processes_stops_the_start(variables, number):
    text = f"WEB_CONCURRENCY must be a whole number from 1 to 64, not {number!r}.\n"
    assert failure(variables | {"WEB_CONCURRENCY": number}) == text


def test_reload_waits_for_no_settle_and_sigterm_ends_both(variables, tmp_path):
    """Start with the message to systemd that the unit's ``Type=notify`` waits for.

    A frozen ``settle`` is one that waits for cal.com for long.
    """
    variables["NOTIFY_SOCKET"] = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(variables["NOTIFY_SOCKET"])
        with serving_with_settle(variables, tmp_path) as site:
            assert systemd.recv(100).startswith(b"READY=1\n")
            old, _server = children(site.process.pid)
            os.kill(old, signal.SIGSTOP)
            site.process.send_signal(signal.SIGHUP)
            wait_for(lambda: len(children(site.process.pid)) == 3)
            os.kill(old, signal.SIGCONT)
            wait_for(lambda: len(children(site.process.pid)) == 2)
            assert site.process.poll() is None
            started = children(site.process.pid)
            assert old not in started
            site.process.send_signal(signal.SIGTERM)
            assert site.process.wait(WAIT_SECONDS) == 0
    assert [pid for pid in started if alive(pid)] == []


def test_processes_end_with_a_killed_command(variables, tmp_path):
    with serving_with_settle(variables, tmp_path) as site:
        started = children(site.process.pid)
        assert len(started) == 2
        site.process.kill()
        wait_for(lambda: not any(map(alive, started)))


@pytest.mark.parametrize(("place", "name"), [(0, "settle"), (1, "server")])
def test_end_of_one_process_ends_the_other(variables, tmp_path, place, name):
    with serving_with_settle(variables, tmp_path) as site:
        started = children(site.process.pid)
        os.kill(started[place], signal.SIGKILL)
        assert site.process.wait(WAIT_SECONDS) == 1
        assert f"CommandError: {name} ended with code -9.\n" in site.log.read_text()
    assert [pid for pid in started if alive(pid)] == []


def test_worker_that_stood_still_outlives_its_claims():
    assert gunicorn.timeout >= longest_claim().total_seconds()


def test_reload_drops_no_request_and_no_hold_in_flight(variables, tmp_path):
    """Replace all workers and ``settle`` while a POST to cal.com takes its time."""
    statuses, stop = [], threading.Event()
    with ExitStack() as stack:
        calcom = stack.enter_context(Sandbox(demo_world(datetime.now(UTC).date())))
        variables |= {"CALCOM_API_URL": calcom.url, "WEB_CONCURRENCY": "2"}
        site = stack.enter_context(serving_with_settle(variables, tmp_path))
        ada = stack.enter_context(Visitor(site.url))
        assert ada.sign_in("ada", PASSWORD) == 302
        settle, server = children(site.process.pid)
        wait_for(lambda: len(children(server)) == 2)
        old = [settle, *workers(site.process.pid)]
        fault = calcom.faults.add("delay", method="POST", seconds=3)
        placing = threading.Thread(
            target=lambda: statuses.append(ada.place("Hedy Lamarr").status_code)
        )
        asking = [
            threading.Thread(target=ask_again_and_again, args=(site.url, statuses, stop, kept))
            for kept in (True, True, False, False)
        ]
        for thread in (placing, *asking):
            thread.start()
        wait_for(lambda: calcom.faults.hits(fault))
        site.process.send_signal(signal.SIGHUP)
        wait_for(lambda: not any(map(alive, old)))
        placing.join()
        stop.set()
        for thread in asking:
            thread.join()
        assert len(calcom.live_rows()) == 1
    assert statuses.count(303) == 1
    assert set(statuses) == {200, 303}


def test_killed_master_leaves_its_port_to_the_next_server(variables, tmp_path):
    """Kill gunicorn's first process while a POST is out and a proxy goes on with its connection."""
    answers, statuses, stop = [], [], threading.Event()
    with ExitStack() as stack:
        calcom = stack.enter_context(Sandbox(demo_world(datetime.now(UTC).date())))
        variables |= {"CALCOM_API_URL": calcom.url}
        site = stack.enter_context(serving_with_settle(variables, tmp_path))
        ada = stack.enter_context(Visitor(site.url))
        assert ada.sign_in("ada", PASSWORD) == 302
        _, server = children(site.process.pid)
        [worker] = children(server)
        fault = calcom.faults.add("delay", method="POST", seconds=5)
        placing = threading.Thread(
            target=lambda: answers.append(ada.place("Hedy Lamarr").status_code)
        )
        asking = threading.Thread(
            target=ask_again_and_again, args=(site.url, statuses, stop, True), daemon=True
        )
        placing.start()
        asking.start()
        wait_for(lambda: calcom.faults.hits(fault) and statuses)
        os.kill(server, signal.SIGKILL)
        wait_for(lambda: can_listen(int(site.url.rpartition(":")[2])))
        calcom.faults.clear()
        placing.join()
        wait_for(lambda: not alive(worker))
        stop.set()
    assert answers == [303]


def can_listen(port):
    """Return whether no process listens on a port of loopback."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def ask_again_and_again(url, statuses, stop, keep_alive):
    """Note each status until ``stop`` is set; a failed request notes its error."""
    with httpx.Client(timeout=WAIT_SECONDS, verify=False) as client:
        headers = {} if keep_alive else {"Connection": "close"}
        while not stop.wait(0.01):
            try:
                statuses.append(client.get(f"{url}/livez", headers=headers).status_code)
            except httpx.TransportError as error:
                statuses.append(repr(error))
