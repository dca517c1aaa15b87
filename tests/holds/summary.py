"""Lines that tests add to the summary of a run, shown also where everything passed.

A test adds one with pytest's ``record_property("summary", line)``.
"""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(str(line))
