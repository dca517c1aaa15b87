"""A line of a test run's own summary, shown also where everything went well."""

from __future__ import annotations

import pytest


def tell(config: pytest.Config, line: str) -> None:
    """Write a line to the terminal, past the capturing."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    with capture.global_and_fixture_disabled():
        terminal.ensure_newline()
        terminal.write_line(line)
