"""A process that commits to a SQLite file and says what was acknowledged, a line for each.

``python -m tests.contract.sqlite_writer FILE NAME [ROUNDS]``: each round commits a
batch of two ops to each of three documents, and prints ``document version`` for
each op that is on the disk. A batch that lost its race is tried again.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count

from sharedb_py.db.sqlite import SQLiteDB
from tests.contract.writing import create, edit, entry

DOCS = ("a", "b", "c")
COLLECTION = "texts"


def say(line: str) -> None:
    """Hand a line over at once, whatever becomes of this process."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(path: str, name: str, rounds: int | None) -> None:
    """Write until killed, or for so many rounds."""
    db = SQLiteDB(path)
    say("ready")
    for number in count() if rounds is None else range(rounds):
        waiting = set(DOCS)
        while waiting:
            found = await db.get_snapshots(COLLECTION, sorted(waiting), metadata=True)
            batch = []
            for before in found.values():
                line = {"p": ["lines", 0], "li": [name, number, "x" * (number % 3000)]}
                first = (
                    edit({"p": ["n"], "na": 1}) if before.exists else create({"n": 0, "lines": []})
                )
                batch.append(entry(COLLECTION, before, first, edit(line), src=name))
            for item, committed in zip(batch, await db.commit(batch), strict=True):
                if committed:
                    waiting.discard(item.doc_id)
                    for op in item.ops:
                        say(f"{item.doc_id} {op['v']}")
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None))
