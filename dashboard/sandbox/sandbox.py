"""The sandbox: cal.com's API on one port of this machine, and its control route on another."""

from functools import partial
from pathlib import Path
from typing import Self

from dashboard.sandbox import control, fault_injection
from dashboard.sandbox.backend import Backend
from dashboard.sandbox.fixtures import World
from dashboard.sandbox.http_server import LOOPBACK, Server


class Sandbox(Backend):
    """A backend served over HTTP, at ``url`` and ``control_url``, from ``start`` to ``stop``.

    Port 0 takes a free one. It always listens on loopback. Raises OSError for a port in use.
    """

    def __init__(
        self,
        world: World,
        *,
        port: int = 0,
        control_port: int = 0,
        state_path: Path | str | None = None,
        has_teams: bool = False,
    ) -> None:
        super().__init__(world, state_path=state_path, has_teams=has_teams)
        self._ports = (port, control_port)
        self._servers: list[Server] = []

    def start(self) -> Self:
        """Open both ports. A start after ``stop`` keeps the rows and the ports."""
        port, control_port = self._ports
        api = Server(port, partial(fault_injection.reply, self), name="sandbox")
        try:
            controller = Server(control_port, partial(control.reply, self), name="sandbox-control")
        except OSError:
            api.server_close()
            raise
        self._ports = (api.port, controller.port)
        self._servers = [api, controller]
        for server in self._servers:
            server.start()
        return self

    def stop(self) -> None:
        """Close the ports and all connections; rows and calls can still be read."""
        self.faults.clear()
        while self._servers:
            self._servers.pop().stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Return the base URL of the API, without a slash at its end."""
        return f"http://{LOOPBACK}:{self._ports[0]}"

    @property
    def control_url(self) -> str:
        return f"http://{LOOPBACK}:{self._ports[1]}/control"
