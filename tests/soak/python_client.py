"""One Python client that edits shared documents at random; see ``client.js``, its twin."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from typing import Any

from sharedb_py.client.aio import Doc, connect
from sharedb_py.errors import ShareDBError
from sharedb_py.ot.utf16 import length, slice_units

OUTSTANDING = 3
LETTERS = ["a", "b", "c", "ä", "😀", "𝄞", '"', "\\", "\u2028"]
VALUES: list[Any] = [0, 1, -2.5, True, None, "x", [], [1, 2], {}, {"deep": [1]}]


def say(message: dict[str, Any]) -> None:
    """Tell the test."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class Editor:
    """Makes random json0 components that fit a document."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def op(self, data: Any) -> list[dict[str, Any]]:
        """Return an op on one of the fields that every document of the test has."""
        field = self.random.choice(["text", "text", "list", "list", "map", "n"])
        component = self.inside([field], data[field])
        assert component is not None
        return [component]

    def value(self) -> Any:
        return self.random.choice([*VALUES, self.random.choice(LETTERS)])

    def inside(self, path: list[Any], item: Any) -> dict[str, Any] | None:
        if isinstance(item, str):
            return self.text(path, item)
        if isinstance(item, list):
            return self.items(path, item)
        if isinstance(item, dict):
            return self.map(path, item)
        if isinstance(item, (int, float)) and not isinstance(item, bool):
            return {"p": path, "na": self.random.randrange(-3, 4)}
        return None

    def text(self, path: list[Any], text: str) -> dict[str, Any]:
        size, chance = length(text), self.random
        if size > 40 or (size and chance.random() < 0.4):
            start = chance.randrange(size)
            deleted = slice_units(text, start, min(size, start + 1 + chance.randrange(3)))
            return {"p": [*path, start], "sd": deleted}
        added = chance.choice(LETTERS) + chance.choice(LETTERS)
        return {"p": [*path, chance.randrange(size + 1)], "si": added}

    def items(self, path: list[Any], items: list[Any]) -> dict[str, Any]:
        chance, size = self.random, len(items)
        if not size or (size < 12 and chance.random() < 0.4):
            return {"p": [*path, chance.randrange(size + 1)], "li": self.value()}
        at = chance.randrange(size)
        here, item = [*path, at], items[at]
        match chance.randrange(4):
            case 0:
                return {"p": here, "lm": chance.randrange(size)}
            case 1:
                return {"p": here, "ld": item, "li": self.value()}
            case 2:
                return self.inside(here, item) or {"p": here, "ld": item}
            case _:
                return {"p": here, "ld": item}

    def map(self, path: list[Any], items: dict[str, Any]) -> dict[str, Any]:
        key = self.random.choice(["a", "b", "5", "long name"])
        here = [*path, key]
        if key not in items:
            return {"p": here, "oi": self.value()}
        match self.random.randrange(3):
            case 0:
                return {"p": here, "od": items[key]}
            case 1:
                return {"p": here, "od": items[key], "oi": self.value()}
            case _:
                return self.inside(here, items[key]) or {"p": here, "od": items[key]}


async def main(options: dict[str, Any]) -> None:
    """Edit, say what became of it, and once asked what the documents came to."""
    editor = Editor(options["seed"])
    counts = {"acked": 0, "refused": 0, "cuts": 0}
    async with connect(options["url"], first_delay=0.01, max_delay=0.05) as connection:
        docs = [connection.doc(*key) for key in options["edits"]]
        watched = [*docs, *(connection.doc(*key) for key in options["watches"])]
        await asyncio.gather(*(doc.subscribe() for doc in watched))
        say({"ready": True})
        room = asyncio.Semaphore(OUTSTANDING)

        async def acknowledged(answer: asyncio.Future[None]) -> None:
            try:
                await answer
            except ShareDBError as error:
                counts["refused"] += 1
                say({"refused": error.message, "code": error.code})
            else:
                counts["acked"] += 1
            room.release()

        async with asyncio.TaskGroup() as group:
            for _ in range(options["ops"]):
                await room.acquire()
                doc = editor.random.choice(docs)
                await doc.when_idle()  # two pending ops would be sent as one
                group.create_task(acknowledged(doc.submit(editor.op(doc.data))))
                if options.get("pause"):
                    await asyncio.sleep(options["pause"] / 1000)
        say({"done": counts})
        line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        versions = json.loads(line)["versions"]
        for doc in watched:
            # A no-op changes the version and nothing else: there is no event to wait for.
            while doc.version != versions[f"{doc.collection}.{doc.id}"]:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        say({"docs": {f"{doc.collection}.{doc.id}": state(doc) for doc in watched}})


def state(doc: Doc) -> dict[str, Any]:
    """Return what a document came to here."""
    return {"version": doc.version, "type": doc.type_uri, "data": doc.data}


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
