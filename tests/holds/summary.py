"""Lines that tests add to the summary of a run, shown also where everything passed.

A test adds one with pytest's ``record_property("summary", line)``.
"""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(str(line))


def tell(config: pytest.Config, line: str) -> None:
    """Write a line to the terminal, past the capturing; nothing in a worker process."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if capture is None or terminal is None:
        return
    with capture.global_and_fixture_disabled():
        terminal.ensure_newline()
        terminal.write_line(line)
