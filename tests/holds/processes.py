"""Several processes of the product, on the test's own database, that do something together."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from tests.forking import piped


@dataclass(frozen=True)
class Processes:
    """``count`` processes; ``tasks`` and ``results`` are pipes to ``processes_main``."""

    count: int
    tasks: IO[str]
    results: IO[str]

    def together(self, tasks: list[dict[str, Any]]) -> list[Any]:
        """Give each process one task, to begin at the same moment; return the results in order."""
        if len(tasks) != self.count:
            raise ValueError("each process needs one task")
        self.tasks.write(json.dumps(tasks, default=datetime.isoformat) + "\n")
        self.tasks.flush()
        results: list[Any] = json.loads(self.results.readline())
        return results


@contextlib.contextmanager
def processes(count: int, *, calcom_url: str) -> Iterator[Processes]:
    """Start so many processes, and end them; the test must commit what it writes."""
    command = ["-m", "tests.holds.processes_main", str(count)]
    with piped(command, env=environment(calcom_url)) as (_program, tasks, results):
        if results.readline() != "ready\n":
            raise RuntimeError("the processes did not start; their messages are above")
        yield Processes(count, tasks, results)


def environment(calcom_url: str) -> Mapping[str, str]:
    """Return the environment of a process on the test's own database."""
    return os.environ | {"DATABASE_URL": database_url(), "CALCOM_API_URL": calcom_url}


def database_url() -> str:
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
