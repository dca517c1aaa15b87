"""Verify an export of the audit log with nothing but Python's standard library.

    manage.py audit_export --format jsonl > log.jsonl
    python standalone_verifier.py log.jsonl [checkpoints.jsonl]

Each line of the export is one entry, with its ``position`` in the chain and the ``link`` hash; it
has all entries of an action together, while the chain has them as they were written. The two rules:

- The content hash of an entry is the SHA-256 of its JSON: all columns that are not empty, without
  ``id`` and what the export adds, keys sorted, no spaces, characters beyond ``~`` as \\uXXXX.
- The link hash is the SHA-256 of the link hash before ("" for the first), the position, the id and
  the content hash, with a space between them.

Where retention removed the first entries, the hash before is in the entry that records it: of the
action ``prune``, in ``after``.
"""

import hashlib
import json
import sys
from pathlib import Path

NOT_HASHED = {"id", "position", "link", "at_office", "schema"}


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def content_hash(entry):
    filled = {
        name: value
        for name, value in entry.items()
        if name not in NOT_HASHED and value not in (None, "", {})
    }
    return sha256(json.dumps(filled, sort_keys=True, separators=(",", ":")))


def place(line):
    """Return the position of an entry, which has none if it was inserted past Holdfast."""
    return json.loads(line)["position"] or 0


def begin(lines):
    """Return the position that was removed last, and its hash."""
    entries = [json.loads(line) for line in lines]
    removed = [entry["after"] for entry in entries if entry["action"] == "prune"]
    before = [each for each in removed if each["last"] == entries[0]["position"] - 1]
    return (before[0]["last"], before[0]["hash"]) if before else (0, "")


def first_fault(lines, checkpoints=()):
    """Return a sentence about the first fault, or "" if the log is what was written."""
    lines = sorted(lines, key=place)
    removed, previous = begin(lines)
    points = [point for point in map(json.loads, checkpoints) if point["position"] >= removed]
    kept = {point["position"]: point["hash"] for point in points}
    if kept.pop(removed, previous) != previous:
        return f"the checkpoint of position {removed}"
    for position, line in enumerate(lines, start=removed + 1):
        entry = json.loads(line)
        text = f"{previous} {position} {entry['id']} {content_hash(entry)}"
        previous = sha256(text)
        if entry["position"] != position or entry["link"] != previous:
            return f"position {position}, entry {entry['id']}"
        if kept.pop(position, previous) != previous:
            return f"the checkpoint of position {position}"
    return f"the checkpoint of position {min(kept)}" if kept else ""


if __name__ == "__main__":
    texts = [Path(name).read_text(encoding="utf-8").splitlines() for name in sys.argv[1:]]
    fault = first_fault(*texts)
    sys.exit(f"Fault: {fault}" if fault else 0)
