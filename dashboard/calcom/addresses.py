"""Connect to the first address of a host that answers.

A name may have addresses that lead nowhere, often those of IPv6. One attempt after the other would
spend the time of the whole call on them, so the next starts a moment after the one before, and the
address that answered is tried first for some minutes. asyncio's clients race in the same way.
https://www.rfc-editor.org/rfc/rfc8305
"""

import socket
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import chain, zip_longest
from time import monotonic

import httpcore

STAGGER = 0.25  # seconds, as the RFC recommends
REMEMBERED = 600.0  # seconds
# More than the connections of a pool: some wait for addresses that do not answer.
THREADS = 40

Connect = Callable[[str, float], httpcore.NetworkStream]


class Racer:
    """Race the addresses of hosts; remembers which address of a host answered."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="connect")
        self._answered: dict[str, tuple[str, float]] = {}

    def connect(
        self, host: str, port: int, seconds: float, connect: Connect
    ) -> httpcore.NetworkStream:
        """Return the first connection made; ``connect`` takes an address and seconds to wait.

        Looking up the name counts. Raises httpcore.ConnectError, and ConnectTimeout after
        ``seconds``.
        """
        ends = monotonic() + seconds
        left = deque(self._usual_first(host, self._look_up(host, port, seconds)))
        running: dict[Future[httpcore.NetworkStream], str] = {}
        fault: BaseException = httpcore.ConnectError(f"{host} has no address.")
        while left or running:
            if (remaining := ends - monotonic()) <= 0:
                fault = httpcore.ConnectTimeout("No address answered in time.")
                break
            if left:
                address = left.popleft()
                running[self._threads.submit(connect, address, remaining)] = address
            pause = min(STAGGER, remaining) if left else remaining
            for attempt in wait(running, pause, FIRST_COMPLETED).done:
                address = running.pop(attempt)
                if (problem := attempt.exception()) is None:
                    self._answered[host] = (address, monotonic())
                    close_later(running)
                    return attempt.result()
                fault = problem
        close_later(running)
        raise fault

    def _look_up(self, host: str, port: int, seconds: float) -> list[str]:
        """Return the addresses of a name, IPv6 and IPv4 in turn."""
        search = self._threads.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = search.result(seconds)
        except TimeoutError as late:
            search.cancel()
            raise httpcore.ConnectTimeout("The name was not found in time.") from late
        except (OSError, UnicodeError) as problem:
            raise httpcore.ConnectError(str(problem)) from problem
        addresses = [(family, str(address[0])) for family, *_, address in found]
        preferred = [address for family, address in addresses if family == found[0][0]]
        others = [address for family, address in addresses if family != found[0][0]]
        in_turn = chain.from_iterable(zip_longest(preferred, others))
        return list(dict.fromkeys(address for address in in_turn if address is not None))

    def _usual_first(self, host: str, addresses: list[str]) -> list[str]:
        usual, at = self._answered.get(host, ("", 0.0))
        if usual not in addresses or monotonic() - at > REMEMBERED:
            return addresses
        return [usual, *(address for address in addresses if address != usual)]


def close_later(attempts: Iterable[Future[httpcore.NetworkStream]]) -> None:
    """Close the connections of attempts that come too late."""
    for attempt in attempts:
        if not attempt.cancel():
            attempt.add_done_callback(close_connection)


def close_connection(attempt: Future[httpcore.NetworkStream]) -> None:
    if attempt.exception() is None:
        attempt.result().close()
