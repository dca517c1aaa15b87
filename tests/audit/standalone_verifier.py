"""Verify an export of the audit log with nothing but Python's standard library.

    manage.py audit_export --format jsonl > log.jsonl
    python standalone_verifier.py log.jsonl [checkpoints.jsonl]

Each line of the export, without a filter, is one entry, with its ``position`` in the chain and the
``link`` hash; it has all entries of an action together, while the chain has them as they were
written. The two rules:

- The content hash of an entry is the SHA-256 of its JSON: all columns that are not empty, without
  ``id`` and what the export adds, keys sorted, no spaces, characters beyond ``~`` as \\uXXXX.
- The link hash is the SHA-256 of the link hash before ("" for the first), the position, the id and
  the content hash, with a space between them.

Where retention removed the first entries, the hash before is in the entry that records it: of the
action ``prune``, in ``after``. That this entry is not a forged one, only ``audit_verify`` proves.
"""

import hashlib
import json
import sys
from functools import partial
from operator import itemgetter
from pathlib import Path

NOT_HASHED = {"id", "position", "link", "at_office", "schema"}


def marked(pairs):
    """Return an object; one in which a name is there twice gets another hash by a mark."""
    found = dict(pairs)
    return found if len(found) == len(pairs) else {**found, "twice": True}


read = partial(json.loads, object_pairs_hook=marked)


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
    return read(line)["position"] or 0


def begin(lines):
    """Return the position that was removed last, and its hash."""
    entries = [read(line) for line in lines]
    removed = [entry["after"] for entry in entries if entry["action"] == "prune"]
    before = [each for each in removed if each["last"] == entries[0]["position"] - 1]
    return (before[0]["last"], before[0]["hash"]) if before else (0, "")


def first_fault(lines, checkpoints=()):
    """Return a sentence about the first fault, or "" if the log is what was written."""
    if not lines:
        return "no entry: each export is one itself, so a whole file has one at least"
    lines = sorted(lines, key=place)
    removed, previous = begin(lines)
    proven = {removed: previous}
    for position, line in enumerate(lines, start=removed + 1):
        entry = read(line)
        text = f"{previous} {position} {entry['id']} {content_hash(entry)}"
        proven[position] = previous = sha256(text)
        if entry["position"] != position or entry["link"] != previous:
            return f"position {position}, entry {entry['id']}"
    for point in map(read, checkpoints):
        if point["position"] >= removed and proven.get(point["position"]) != point["hash"]:
            return f"the checkpoint of position {point['position']}"
    return ""


if __name__ == "__main__":
    texts = [Path(name).read_text(encoding="utf-8").splitlines() for name in sys.argv[1:]]
    fault = first_fault(*texts)
    if fault:
        sys.exit(f"Fault: {fault}")
    entries = sorted(map(read, texts[0]), key=itemgetter("position"))
    first, last, link = entries[0]["position"], entries[-1]["position"], entries[-1]["link"]
    sys.stdout.write(f"Verified positions {first} to {last}. The last hash is {link}.\n")
    if len(texts) == 1:
        text = "Without checkpoints, this does not prove that no later entries were cut off."
        sys.stdout.write(f"{text}\n")
