#!/usr/bin/env python3
"""Checks an export of a case (`streetwise audit export`) with nothing but SHA-256.

    check_case_export.py EXPORT.json [CHECKPOINTS ...]

Every row is hashed anew and must be in a seal; of the case, and of each order that is in the file, no version in between may be
missing (that a whole order or the newest events were left out cannot be seen from the file alone); every seal is computed anew and must follow the one before it. CHECKPOINTS
are heads that were kept outside of the database (output of `streetwise audit checkpoint`, or logs of the services): the
seals of the export must be those. Lines that are no head are passed over; how many of them had the words of one in them is said. Without them an export proves only that it agrees with itself, and that is said.
Ends with 0 if everything holds, 1 at the first thing that does not, 2 if a file cannot be read.
"""

import hashlib
import json
import sys
import uuid

ZERO = "00" * 32
# What the line of a head says of itself.
MESSAGE = "seal checkpoint"


class Wrong(Exception):
    """What does not hold."""


def content_sha256(row, tenant):
    """SHA-256 over each field, its length before it: eight bytes, big end first (crates/messaging/src/chain.rs)."""
    number = lambda value: value.to_bytes(8, "big", signed=True)
    fields = [
        uuid.UUID(row["id"]).bytes,
        row["event_type"].encode(),
        number(int(tenant)),
        uuid.UUID(row["aggregate_id"]).bytes,
        number(row["version"]),
        number(row["at_us"]),
        row["actor"].encode(),
        (row["purpose"] or "").encode(),
        bytes.fromhex(row["payload"]),
    ]
    digest = hashlib.sha256()
    for field in fields:
        digest.update(len(field).to_bytes(8, "big"))
        digest.update(field)
    return digest.hexdigest()


def check_seals(proof):
    """The chain from the first seal of the export to its newest; returns the hashes it holds."""
    held, before = set(), None
    for seal in proof["seals"]:
        where = f"{proof['service']}: seal {seal['n']}"
        if before is not None and (seal["n"] != before["n"] + 1 or seal["prev"] != before["root"]):
            raise Wrong(f"{where} does not follow seal {before['n']}")
        if seal["n"] == 1 and seal["prev"] != ZERO:
            raise Wrong(f"{where} is the first, and follows another")
        root = hashlib.sha256(bytes.fromhex(seal["prev"]) + bytes.fromhex("".join(seal["contents"])))
        if root.hexdigest() != seal["root"]:
            raise Wrong(f"{where} is not made of its rows (or the journal of its day is not kept any more)")
        held.update(seal["contents"])
        before = seal
    return held


def check_rows(proof, held):
    for row in proof["rows"]:
        where = f"{proof['service']}: row {row['id']} ({row['event_type']})"
        computed = content_sha256(row, proof["tenant"])
        if computed != row["content_sha256"]:
            raise Wrong(f"{where} is not what its hash says: it was changed")
        if computed not in held:
            raise Wrong(f"{where} is in no seal")


def check_complete(proof):
    """Of what has versions, none may be missing: an aggregate of triage or dispatch counts from 1 without a gap."""
    if proof["service"] not in ("triage", "dispatch"):
        return
    versions = {}
    for row in proof["rows"]:
        versions.setdefault(row["aggregate_id"], []).append(row["version"])
    for aggregate, found in versions.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            raise Wrong(f"{proof['service']}: events of {aggregate} are missing: its versions are {sorted(found)}")


def head_of(line):
    """The head that a line keeps, as (service, tenant, seal) and root; nothing where it only has the words in it. A log has other
    lines, and what an interrupted process wrote of one (services/streetwise/src/audit/kept.rs reads them alike)."""
    try:
        one = json.loads(line)
    except ValueError:
        return None
    fields = {"message": str, "service": str, "tenant": str, "seal": int, "root": str}
    whole = isinstance(one, dict) and all(isinstance(one.get(name), kind) for name, kind in fields.items())
    if not whole or one["message"] != MESSAGE:
        return None
    return (one["service"], one["tenant"], one["seal"]), one["root"]


def read_checkpoints(files):
    """The roots that were kept, and how many lines had the words in them and were none."""
    kept, skipped = {}, 0
    for file in files:
        with open(file, encoding="utf-8", errors="replace") as lines:
            for line in (line for line in lines if MESSAGE in line):
                head = head_of(line)
                if head is None:
                    skipped += 1
                    continue
                of, root = head
                if kept.setdefault(of, root) != root:
                    raise Wrong(f"{of[0]}: two different roots of seal {of[2]} were kept outside: it was made anew")
    return kept, skipped


def check_about(export):
    """The rows are of the street and the case that the file says they are of."""
    if any(proof["tenant"] != export["street"] for proof in export["proofs"]):
        raise Wrong("a proof is of another street than the file says")
    for service in ("triage", "dispatch"):
        rows = [row for proof in export["proofs"] if proof["service"] == service for row in proof["rows"]]
        if not any(row["aggregate_id"] == export["case_id"] and row["version"] == 1 for row in rows):
            raise Wrong(f"{service}: the opening of the case is missing")


def held_outside(proof, newest):
    """How many of its rows lie in seals up to the newest that was kept outside."""
    held = {content for seal in proof["seals"] if newest and seal["n"] <= newest for content in seal["contents"]}
    return sum(row["content_sha256"] in held for row in proof["rows"])


def check_against(proof, kept):
    """Returns the newest seal that was kept outside; from there on back nothing can have been made anew."""
    newest = None
    for seal in proof["seals"]:
        root = kept.get((proof["service"], proof["tenant"], seal["n"]))
        if root is not None and root != seal["root"]:
            raise Wrong(f"{proof['service']}: seal {seal['n']} is not the one that was kept outside")
        newest = seal["n"] if root is not None else newest
    return newest


def main(export_file, checkpoint_files):
    with open(export_file, encoding="utf-8") as file:
        export = json.load(file)
    kept, skipped = read_checkpoints(checkpoint_files)
    if skipped:
        print(f"{skipped} lines speak of a {MESSAGE} and are none: skipped")
    check_about(export)
    outside_rows = 0
    for proof in export["proofs"]:
        check_rows(proof, check_seals(proof))
        check_complete(proof)
        newest = check_against(proof, kept)
        seals = [seal["n"] for seal in proof["seals"]]
        outside = f"held against seal {newest}, kept outside" if newest else "no seal of it was given as kept outside"
        outside_rows += held_outside(proof, newest)
        print(f"{proof['service']}: {len(proof['rows'])} rows, seals {seals[0]} to {seals[-1]}; {outside}")
    rows = sum(len(proof["rows"]) for proof in export["proofs"])
    print(f"{export['case_no']}: {rows} rows are what was sealed, {outside_rows} of them by seals held against the outside")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        main(sys.argv[1], sys.argv[2:])
    except Wrong as wrong:
        print(f"WRONG: {wrong}", file=sys.stderr)
        sys.exit(1)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"cannot be read as an export: {error!r}", file=sys.stderr)
        sys.exit(2)
