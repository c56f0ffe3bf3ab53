"""A module imports only what stands below it: the order of the layers, checked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Lowest first. A module belongs to the longest entry that is its name or its parent.
LAYERS = [
    "sharedb_py.errors",
    "sharedb_py.jsonvalue",
    "sharedb_py.ot",
    "sharedb_py.snapshot",
    "sharedb_py.ops",
    "sharedb_py.projections",
    "sharedb_py.messages",
    "sharedb_py.client",
    "sharedb_py.querylang",
    "sharedb_py.leases",
    "sharedb_py.blobs",
    "sharedb_py.db",
    "sharedb_py.pubsub",
    "sharedb_py.milestones",
    "sharedb_py.replay",
    "sharedb_py.middleware",
    "sharedb_py.recent",
    "sharedb_py.submit",
    "sharedb_py.hooks",
    "sharedb_py.reads",
    "sharedb_py.history",
    "sharedb_py.engine",
    "sharedb_py.archive",
    "sharedb_py.turns",
    "sharedb_py.delivery",
    "sharedb_py.sent_op",
    "sharedb_py.agent",
    "sharedb_py.actions",
    "sharedb_py.diffs",
    "sharedb_py.live",
    "sharedb_py.queries",
    "sharedb_py.ghosts",
    "sharedb_py.presence_bounds",
    "sharedb_py.presence",
    "sharedb_py.catching_up",
    "sharedb_py.serving",
    "sharedb_py.inprocess",
    "sharedb_py.backend",
    "sharedb_py.asgi",
    "sharedb_py.collecting",
    "sharedb_py.listening",
    "sharedb_py.dropping",
    "sharedb_py.cli",
]

NOTEBOOK_LAYERS = [
    "derby_notebook.quick_start",
    "derby_notebook.jupyter.http",
    "derby_notebook.jupyter",
    "derby_notebook.documents",
    "derby_notebook.hooks",
    "derby_notebook.cluster",
    "derby_notebook.places",
    "derby_notebook.outputs",
    "derby_notebook.kernels.messages",
    "derby_notebook.kernels.journal",
    "derby_notebook.widgets",
    "derby_notebook.files",
    "derby_notebook.kernels",
    "derby_notebook.widgets.kernel_side",
    "derby_notebook.widgets.bridge",
    "derby_notebook.kernels.relay",
    "derby_notebook.kernels.control",
    "derby_notebook.people.colors",
    "derby_notebook.history",
    "derby_notebook.people.names",
    "derby_notebook.people.roles",
    "derby_notebook.people.rules",
    "derby_notebook.people.editors",
    "derby_notebook.people.reach",
    "derby_notebook.service",
    "derby_notebook.people.access",
    "derby_notebook.extensions",
    "derby_notebook.web",
    "derby_notebook.app",
    "derby_notebook.hub",
    "derby_notebook.cli",
]


def modules(folder: str) -> Iterator[tuple[str, Path]]:
    """Yield the dotted name and path of each module under a package folder."""
    base = ROOT / folder
    for path in sorted(base.rglob("*.py")):
        parts = path.relative_to(base.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports, those under TYPE_CHECKING included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(module: str, layers: list[str]) -> int | None:
    """Return the index of the layer that a module is in, or None if it is in none."""
    found = [name for name in layers if module == name or module.startswith(name + ".")]
    return layers.index(max(found, key=len)) if found else None


SHAREDB = [entry for entry in modules("sharedb_py") if entry[0] != "sharedb_py"]
PACKAGES = {"derby_notebook", "derby_notebook.people", "derby_notebook.web"}
NOTEBOOK = [entry for entry in modules("proxy/derby_notebook") if entry[0] not in PACKAGES]
LAYERED = [(*entry, LAYERS) for entry in SHAREDB] + [(*it, NOTEBOOK_LAYERS) for it in NOTEBOOK]


@pytest.mark.parametrize(("name", "path", "layers"), LAYERED, ids=[each[0] for each in LAYERED])
def test_a_module_imports_only_lower_layers(name: str, path: Path, layers: list[str]) -> None:
    own = layer(name, layers)
    assert own is not None, f"{name} stands in no layer: add it where it belongs"
    for imported in imports(path):
        other = layer(imported, layers)
        assert other is None or other <= own, f"{name} imports {imported}, which stands above it"


@pytest.mark.parametrize(("name", "path"), SHAREDB, ids=[name for name, _ in SHAREDB])
def test_sharedb_knows_nothing_of_notebooks_or_mongodb(name: str, path: Path) -> None:
    for imported in imports(path):
        assert not imported.startswith(("derby_notebook", "sharedb_mongo", "pymongo", "jupyter"))


@pytest.mark.parametrize("name", ["sharedb_py.ot", "sharedb_py.replay", "sharedb_py.client"])
def test_pure_packages_do_no_io(name: str) -> None:
    banned = {"asyncio", "socket", "sqlite3", "websockets", "httpx", "starlette", "threading"}
    for module, path in SHAREDB:
        if module.startswith(name + ".") and not module.startswith("sharedb_py.client.aio"):
            used = {imported.split(".")[0] for imported in imports(path)} & banned
            assert not used, f"{module} imports {used}"


def test_the_server_does_not_import_the_client() -> None:
    allowed = ("sharedb_py.client", "sharedb_py.inprocess", "sharedb_py.backend", "sharedb_py.cli")
    for module, path in SHAREDB:
        if module.startswith(allowed):
            continue
        used = [name for name in imports(path) if name.startswith("sharedb_py.client")]
        assert not used, f"{module} imports {used}"
