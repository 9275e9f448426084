"""The least that keeping an answer costs: reading, packing, hashing and SQLite, by the same libraries without li_perf.

`python -m bench.libraries COUNT` keeps so many answers, a hundred in a transaction, durable like li_perf's.
"""

from __future__ import annotations

import argparse
import hashlib
import sqlite3
import tempfile
from contextlib import closing
from itertools import islice
from pathlib import Path

import msgspec

from bench.answers import ais
from bench.questions import questions
from li_perf.sources.ais_answer import Found
from li_perf.store.packing import pack_answer

AT_ONCE = 100
TABLE = "CREATE TABLE answer (question TEXT PRIMARY KEY, account TEXT, body BLOB, digest TEXT)"
KEEP = "INSERT INTO answer VALUES (?, ?, ?, ?)"
READ = msgspec.json.Decoder(Found).decode


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.libraries", description=__doc__)
    parser.add_argument("count", type=int)
    wish = parser.parse_args()
    bodies = [ais(question.encode())[1] for question in questions(AT_ONCE)]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, closing(sqlite3.connect(Path(folder, "a.db"))) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(TABLE)
        names = questions(wish.count)
        while block := list(islice(names, AT_ONCE)):
            with db:
                db.executemany(KEEP, [_kept(name, body) for name, body in zip(block, bodies, strict=False)])


def _kept(question: str, body: bytes) -> tuple[str, object, bytes, str]:
    account = READ(body).features[0].properties.opa_account_num
    packed = pack_answer(body)
    return question, account, packed, hashlib.sha256(packed).hexdigest()


if __name__ == "__main__":
    main()
