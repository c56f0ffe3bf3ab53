"""The adapters that the contracts are run on: another adapter is one more entry here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import pytest

from sharedb_py.db.base import DB
from sharedb_py.db.memory import MemoryDB
from sharedb_py.db.sqlite import SQLiteDB
from sharedb_py.milestones.base import MilestoneDB
from sharedb_py.milestones.memory import MemoryMilestones
from sharedb_py.milestones.sqlite import SQLiteMilestones
from sharedb_py.pubsub import MemoryPubSub, PubSub
from tests.servers.adapters import ferret_url, milestones_on, mongo_on, mongo_url, motor_on_mongo
from tests.servers.mongo import FERRET, MONGO
from tests.servers.redis import REDIS, redis_on

T = TypeVar("T", covariant=True)

SHARED = "a store that several instances share"
MAINTENANCE = "deleting single op records"
SURROGATES = "strings with half a surrogate pair"
ANY_COLLECTION = "any string as the name of a collection"
ANY_KEY = "any string as a key"
RIVALS = "several writers of one document at once"
NESTED_LISTS = "lists within lists"
QUOTED_KEYS = "keys with quotation marks"


@dataclass(frozen=True)
class Adapter(Generic[T]):
    """How to open an adapter, and what the tests must know of it.

    ``open`` takes a folder that stands for one store: the first opening finds it
    empty, later ones find what was kept. ``marks`` are put on its tests;
    ``lacks`` names what it need not do, as ``@pytest.mark.needs(…)`` calls it.
    """

    open: Callable[[Path], AbstractAsyncContextManager[T]]
    marks: tuple[pytest.MarkDecorator, ...] = ()
    lacks: frozenset[str] = frozenset()


@asynccontextmanager
async def _memory_db(folder: Path) -> AsyncIterator[DB]:
    db = MemoryDB()
    yield db
    await db.close()


@asynccontextmanager
async def _sqlite_db(folder: Path) -> AsyncIterator[DB]:
    db = SQLiteDB(folder / "store.sqlite")
    yield db
    await db.close()


@asynccontextmanager
async def _memory_milestones(folder: Path) -> AsyncIterator[MilestoneDB]:
    milestones = MemoryMilestones()
    yield milestones
    await milestones.close()


@asynccontextmanager
async def _sqlite_milestones(folder: Path) -> AsyncIterator[MilestoneDB]:
    milestones = SQLiteMilestones(folder / "store.sqlite")
    yield milestones
    await milestones.close()


@asynccontextmanager
async def _memory_pubsub(folder: Path) -> AsyncIterator[PubSub]:
    pubsub = MemoryPubSub()
    yield pubsub
    await pubsub.close()


NOT_IN_MONGODB: Final = frozenset({SURROGATES, ANY_COLLECTION, ANY_KEY})
NOT_IN_FERRETDB: Final = NOT_IN_MONGODB | {RIVALS, NESTED_LISTS, QUOTED_KEYS}

DB_FACTORIES: Final[dict[str, Adapter[DB]]] = {
    "memory": Adapter(_memory_db, lacks=frozenset({SHARED})),
    "sqlite": Adapter(_sqlite_db),
    "mongo": Adapter(mongo_on(mongo_url), MONGO, NOT_IN_MONGODB),
    "mongo without strict linking": Adapter(
        mongo_on(mongo_url, getOpsWithoutStrictLinking="true"), MONGO, NOT_IN_MONGODB
    ),
    "mongo by a Motor client": Adapter(motor_on_mongo, MONGO, NOT_IN_MONGODB),
    "ferret": Adapter(mongo_on(ferret_url), FERRET, NOT_IN_FERRETDB),
}
MILESTONE_FACTORIES: Final[dict[str, Adapter[MilestoneDB]]] = {
    "memory": Adapter(_memory_milestones, lacks=frozenset({SHARED})),
    "sqlite": Adapter(_sqlite_milestones),
    "mongo": Adapter(milestones_on(mongo_url), MONGO, NOT_IN_MONGODB),
    "ferret": Adapter(milestones_on(ferret_url), FERRET, NOT_IN_FERRETDB),
}
PUBSUB_FACTORIES: Final[dict[str, Adapter[PubSub]]] = {
    "memory": Adapter(_memory_pubsub, lacks=frozenset({SHARED})),
    "redis": Adapter(redis_on, REDIS),
}
FACTORIES: Final[Mapping[str, Mapping[str, Adapter[Any]]]] = {
    "db": DB_FACTORIES,
    "milestones": MILESTONE_FACTORIES,
    "pubsub": PUBSUB_FACTORIES,
}


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "needs(ability): only for adapters that do not lack it")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for an adapter on each that has what the test needs."""
    needed = {name for mark in metafunc.definition.iter_markers("needs") for name in mark.args}
    for fixture, factories in FACTORIES.items():
        if fixture in metafunc.fixturenames:
            chosen = [
                pytest.param(adapter, id=name, marks=adapter.marks)
                for name, adapter in factories.items()
                if not needed & adapter.lacks
            ]
            metafunc.parametrize(f"{fixture}_adapter", chosen, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the cases of a test that need what the adapter lacks."""
    kept = [item for item in items if not _lacking(item)]
    config.hook.pytest_deselected(items=[item for item in items if _lacking(item)])
    items[:] = kept


def _lacking(item: pytest.Item) -> bool:
    needed = {name for mark in item.iter_markers("needs") for name in mark.args}
    values = getattr(item, "callspec", None)
    adapters = [] if values is None else values.params.values()
    return any(isinstance(found, Adapter) and needed & found.lacks for found in adapters)


@pytest.fixture
def db_adapter(request: pytest.FixtureRequest) -> Adapter[DB]:
    """The database adapter under test, to open it on a store of one's choice."""
    adapter: Adapter[DB] = request.param
    return adapter


@pytest.fixture
async def db(db_adapter: Adapter[DB], tmp_path: Path) -> AsyncIterator[DB]:
    """An empty database."""
    async with db_adapter.open(tmp_path) as opened:
        yield opened


@pytest.fixture
async def other_db(db_adapter: Adapter[DB], db: DB, tmp_path: Path) -> AsyncIterator[DB]:
    """A second instance on the store of ``db``, as another process has it."""
    async with db_adapter.open(tmp_path) as opened:
        yield opened


@pytest.fixture
def milestones_adapter(request: pytest.FixtureRequest) -> Adapter[MilestoneDB]:
    """The milestone store under test."""
    adapter: Adapter[MilestoneDB] = request.param
    return adapter


@pytest.fixture
async def milestones(
    milestones_adapter: Adapter[MilestoneDB], tmp_path: Path
) -> AsyncIterator[MilestoneDB]:
    """An empty milestone store."""
    async with milestones_adapter.open(tmp_path) as opened:
        yield opened


@pytest.fixture
def pubsub_adapter(request: pytest.FixtureRequest) -> Adapter[PubSub]:
    """The pub/sub under test."""
    adapter: Adapter[PubSub] = request.param
    return adapter


@pytest.fixture
async def pubsub(pubsub_adapter: Adapter[PubSub], tmp_path: Path) -> AsyncIterator[PubSub]:
    """A pub/sub that nobody uses yet."""
    async with pubsub_adapter.open(tmp_path) as opened:
        yield opened
