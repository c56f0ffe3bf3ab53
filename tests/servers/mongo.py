"""MongoDB servers for tests: a real one where there is one, else two that are built here.

``mongo_url()`` and ``ferret_url()`` start a server at their first call, keep it
for the whole run, and skip the test that called where there can be none.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from pymongo import MongoClient

from tests.running import free_port
from tests.servers.cache import built, run
from tests.servers.process import ServerProcess

__all__ = [
    "FERRET",
    "MONGO",
    "build_ferret",
    "build_java",
    "database_url",
    "ferret",
    "ferret_url",
    "is_java_server",
    "mongo_url",
]

HERE = Path(__file__).parent
JAVA = HERE / "java"
GO = HERE / "ferret"

# The first test that needs a server may have to build it.
MONGO = (pytest.mark.mongo, pytest.mark.timeout(180))
FERRET = (pytest.mark.ferret, pytest.mark.timeout(600))


def _build_java(sources: Path, folder: Path) -> None:
    goals = ("compile", "dependency:copy-dependencies")
    run("mvn", "-q", "-B", f"-Dout={folder}", *goals, cwd=sources)


def _build_ferret(sources: Path, folder: Path) -> None:
    run("go", "build", "-o", str(folder / "ferret"), ".", cwd=sources)


def build_java() -> Path:
    """Return the folder of the Java server's classes."""
    return built("mongo-java-server", JAVA, _build_java)


def build_ferret() -> Path:
    """Return the folder of FerretDB's program."""
    return built("ferretdb", GO, _build_ferret)


def _or_skip(name: str, tools: tuple[str, ...], build: Callable[[], Path]) -> Path:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{name} needs {tool}, which is not on the PATH")
    try:
        return build()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{name} cannot be built: {error.stdout[-2000:]}")


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="sharedb-py-servers-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _lasting(server: ServerProcess) -> ServerProcess:
    server.start()
    atexit.register(server.stop)
    return server


@cache
def _mongod() -> ServerProcess:
    port, data = free_port(), _folder() / "mongod"
    data.mkdir()
    argv = ["mongod", "--bind_ip", "127.0.0.1", "--port", str(port), "--dbpath", str(data)]
    return _lasting(ServerProcess(argv, port, _folder() / "mongod.log"))


@cache
def _java() -> ServerProcess:
    folder = _or_skip("mongo-java-server", ("java", "mvn"), build_java)
    port = free_port()
    classes = os.pathsep.join((str(folder / "classes"), str(folder / "dependency" / "*")))
    argv = ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", classes, "Main", str(port)]
    return _lasting(ServerProcess(argv, port, _folder() / "java.log"))


def is_java_server() -> bool:
    """Whether :func:`mongo_url` is the Java server, which lacks some of what MongoDB can do."""
    return "SHAREDB_TEST_MONGO_URL" not in os.environ and shutil.which("mongod") is None


def mongo_url() -> str:
    """Return the URL of a MongoDB server, without a database."""
    given = os.environ.get("SHAREDB_TEST_MONGO_URL")
    if given:
        return given.rstrip("/")
    server = _java() if is_java_server() else _mongod()
    return f"mongodb://127.0.0.1:{server.port}"


def ferret(data: Path, log: Path) -> ServerProcess:
    """Return a FerretDB of one's own that keeps its data in a folder; not started yet."""
    program = _or_skip("FerretDB", ("go",), build_ferret) / "ferret"
    data.mkdir(exist_ok=True)
    port = free_port()
    return ServerProcess([str(program), f"127.0.0.1:{port}", str(data)], port, log)


@cache
def _ferret() -> ServerProcess:
    return _lasting(ferret(_folder() / "ferret", _folder() / "ferret.log"))


def ferret_url() -> str:
    """Return the URL of a FerretDB server, without a database."""
    return f"mongodb://127.0.0.1:{_ferret().port}"


_used: set[str] = set()


def database_url(server: str, store: Path) -> str:
    """Return the URL of the database that stands for a folder; dropped after the tests."""
    url = f"{server}/test_{hashlib.sha256(str(store).encode()).hexdigest()[:20]}"
    if url not in _used and server == os.environ.get("SHAREDB_TEST_MONGO_URL"):
        atexit.register(_drop, url)
    _used.add(url)
    return url


def _drop(url: str) -> None:
    with MongoClient[dict[str, object]](url) as client:
        client.drop_database(client.get_default_database().name)
