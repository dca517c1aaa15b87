"""The first of several addresses that answers is used, over real sockets and in a table."""

import socket
import threading
from collections.abc import Callable, Iterator

import httpcore
import pytest

from dashboard.calcom import addresses
from dashboard.calcom.addresses import Racer
from tests.calcom.calls import Ask
from tests.calcom.scripted import keeping_open, scripted
from tests.ports import free_ports

SILENT = frozenset({"::1", "::2", "::3"})
Addresses = frozenset[str]
V4, V6 = socket.AF_INET, socket.AF_INET6


class Connected(httpcore.NetworkStream):
    """A connection that remembers whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


class Network:
    """Addresses that refuse, stay silent, or answer; with the attempts in order."""

    def __init__(
        self, *, refusing: Addresses = frozenset(), silent: Addresses = frozenset()
    ) -> None:
        self.refusing, self.silent = refusing, silent
        self.asked: list[str] = []
        self.streams: dict[str, Connected] = {}

    def connect(self, address: str, seconds: float) -> httpcore.NetworkStream:
        self.asked.append(address)
        if address in self.refusing:
            raise httpcore.ConnectError("refused")
        if address in self.silent:
            threading.Event().wait(min(seconds, 0.2))
            raise httpcore.ConnectTimeout
        return self.streams.setdefault(address, Connected())


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that sets the addresses of every name; those with colons are IPv6."""

    def are(*names: str) -> None:
        answer = [(V6 if ":" in name else V4, 0, 6, "", (name, 443)) for name in names]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)

    monkeypatch.setattr(addresses, "STAGGER", 0.01)
    return are


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Fill the backlog of a port of 127.0.0.2 and 127.0.0.3, so that no connection is answered."""
    [port] = free_ports(1)  # which is free on 127.0.0.1, too
    with (
        socket.create_server(("127.0.0.2", port), backlog=0) as second,
        socket.create_server(("127.0.0.3", port), backlog=0) as third,
    ):
        waiting = [socket.socket() for _ in range(4)]
        for index, each in enumerate(waiting):
            each.setblocking(False)
            each.connect_ex((second, third)[index % 2].getsockname())
        yield port
        for each in waiting:
            each.close()


def test_third_address_is_used_while_two_are_silent(
    asked: Ask, resolve: Callable[..., None], silent_port: int
) -> None:
    with scripted(keeping_open, silent_port) as server:
        resolve(*((f"127.0.0.{last}", silent_port) for last in (2, 3, 1)))
        assert asked("get", base_url=f"http://cal.test:{silent_port}").value is None

    assert server.connections == 1


def test_families_take_turns_and_a_refusal_starts_the_next_at_once(
    found: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "STAGGER", 60.0)
    found("::1", "::2", "::3", "10.0.0.1", "10.0.0.2")
    network = Network(refusing=frozenset({"::1", "10.0.0.1", "::2"}))
    assert Racer().connect("cal.test", 443, 60, network.connect) is network.streams["10.0.0.2"]
    assert network.asked == ["::1", "10.0.0.1", "::2", "10.0.0.2"]


def test_address_that_answered_is_tried_first_for_some_minutes(
    found: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    found("::1", "10.0.0.1")
    racer = Racer()

    def first_asked(host: str) -> str:
        network = Network(silent=SILENT)
        racer.connect(host, 443, 60, network.connect)
        return network.asked[0]

    asked = [first_asked("cal.test"), first_asked("cal.test"), first_asked("other.test")]
    monkeypatch.setattr(addresses, "REMEMBERED", -1.0)
    assert [*asked, first_asked("cal.test")] == ["::1", "10.0.0.1", "::1", "::1"]


def test_remembered_address_that_is_gone_is_not_asked(found: Callable[..., None]) -> None:
    found("10.0.0.1")
    network, racer = Network(), Racer()
    racer.connect("cal.test", 443, 60, network.connect)
    found("10.0.0.2")
    racer.connect("cal.test", 443, 60, network.connect)
    assert network.asked == ["10.0.0.1", "10.0.0.2"]


def test_silent_addresses_end_together(found: Callable[..., None]) -> None:
    found("::1", "::2", "::3")
    with pytest.raises(httpcore.ConnectTimeout):
        Racer().connect("cal.test", 443, 0.2, Network(silent=SILENT).connect)


@pytest.mark.parametrize(
    ("names", "words"), [((), "cal.test has no address"), (("::1",), "refused")]
)
def test_fault_of_the_last_attempt_is_raised(
    names: tuple[str, ...], words: str, found: Callable[..., None]
) -> None:
    found(*names)
    with pytest.raises(httpcore.ConnectError, match=words):
        Racer().connect("cal.test", 443, 60, Network(refusing=frozenset({"::1"})).connect)


def test_connection_that_comes_too_late_is_closed(found: Callable[..., None]) -> None:
    found("10.0.0.1", "10.0.0.2")
    late, racer, other_is_used = Connected(), Racer(), threading.Event()

    def connect(address: str, _seconds: float) -> httpcore.NetworkStream:
        if address == "10.0.0.1":
            other_is_used.wait(60)
            return late
        return Connected()

    assert racer.connect("cal.test", 443, 60, connect) is not late
    other_is_used.set()
    racer._threads.shutdown()
    assert late.closed
