"""Tests of Holdfast. See ``README.md`` here."""

import os
import sys

# Without it each worker, and each server that a test starts, would compile all modules anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
