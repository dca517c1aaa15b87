"""The product with holds in every state, to look at while working on templates and styles.

    python -m tests.browser.preview                 # serves it until Ctrl-C
    python -m tests.browser.preview --shots FOLDER  # writes pictures of every state instead
        [--only NAME] [--width PIXELS]              # repeat for several

The sandbox and the database are new at each start and removed at its end.
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.browser.product import Product, running_product
from tests.browser.states import STATES, Seed, seed
from tests.browser.user import User, chromium_running
from tests.migrated import PASSWORD, PEOPLE

WIDTHS = (1440, 768, 390, 320)
TOUCH = 700  # pixels; what is narrower is a phone
SCHEMES = ("light", "dark")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--shots", type=Path, help="a folder for pictures")
    parser.add_argument("--only", action="append", choices=STATES, help="the name of a state")
    parser.add_argument("--width", type=int, action="append")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="holdfast-preview-"))
        product = stack.enter_context(running_product(Path(folder)))
        seeded = seed(product)
        if options.shots:
            names, widths = options.only or list(STATES), options.width or WIDTHS
            write_pictures(product, seeded, options.shots, names, widths)
        else:
            serve(product)


def serve(product: Product) -> None:
    """Say where the product is, and wait for Ctrl-C."""
    people = "\n".join(f"  {name} ({role}) / {PASSWORD}" for name, role in PEOPLE.items())
    sys.stdout.write(f"{product.url}/\n\nSign in as\n{people}\n\nCtrl-C ends it.\n")
    sys.stdout.flush()
    try:
        signal.pause()
    except KeyboardInterrupt:
        return


def write_pictures(
    product: Product, seeded: Seed, folder: Path, names: list[str], widths: tuple[int, ...]
) -> None:
    """Write NAME-WIDTH-SCHEME.png of every state; print what the browser complains about."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium_running() as browser:
        for name in names:
            person, show = STATES[name]
            for width in widths:
                is_phone = width < TOUCH
                context = browser.new_context(
                    base_url=product.url,
                    viewport={"width": width, "height": 900},
                    has_touch=is_phone,
                    is_mobile=is_phone,
                    reduced_motion="reduce",
                )
                context.add_cookies(product.cookies(person) if person else [])
                user = User(context.new_page(), product, scripts=True, name=person or "ada")
                show(user, seeded)
                for scheme in SCHEMES:
                    user.page.emulate_media(color_scheme=scheme)
                    path = folder / f"{name}-{width}-{scheme}.png"
                    # To hide the caret, playwright would style each field, and htmx copy that.
                    user.page.screenshot(path=path, full_page=True, caret="initial")
                for complaint in user.complaints:
                    sys.stdout.write(f"{name} at {width}: {complaint}\n")
                context.close()


if __name__ == "__main__":
    main()
