"""Chromium, the product it looks at, and the people who use it.

Browser and product are shared by all tests of this package: one of each per worker. While they
run, Django's database is out of reach on this thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from tests.browser.contexts import ContextPool, new_context
from tests.browser.product import Product, running_product
from tests.browser.user import OpenBrowser, User, chromium_running, expect_no_complaints


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with chromium_running() as browser:
        yield browser


@pytest.fixture(scope="package")
def pool(chromium: Browser) -> ContextPool:
    return ContextPool(chromium)


@pytest.fixture(scope="package")
def running(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("product")) as product:
        yield product


@pytest.fixture
def product(running: Product) -> Product:
    """Return the product with nothing held and no faults."""
    running.reset()
    return running


@pytest.fixture
def scripts(request: pytest.FixtureRequest) -> bool:
    """Return whether the browser runs scripts: yes, unless a test is marked ``in_both_ways``."""
    return bool(getattr(request, "param", True))


@pytest.fixture
def open_browser(
    chromium: Browser, pool: ContextPool, product: Product, scripts: bool
) -> Iterator[OpenBrowser]:
    """Open a browser for a person; at the end none may have complained.

    It is a new one if they are not signed in, or with options of its own.
    """
    users: list[User] = []
    with ExitStack() as contexts:

        def open_for(name: str, *, is_signed_in: bool = True, **options: object) -> User:
            if is_signed_in and not options:
                context = contexts.enter_context(pool.borrowed(product.url, scripts=scripts))
            else:
                context = new_context(chromium, product.url, scripts=scripts, **options)
                contexts.callback(context.close)
            context.add_cookies(product.cookies(name) if is_signed_in else [])
            users.append(User(context.new_page(), product, scripts, name))
            return users[-1]

        yield open_for
        expect_no_complaints(users)


@pytest.fixture
def ada(open_browser: OpenBrowser) -> User:
    """A member of staff, signed in."""
    return open_browser("ada")


@pytest.fixture
def vera(open_browser: OpenBrowser) -> User:
    """An Admin, signed in."""
    return open_browser("vera")
