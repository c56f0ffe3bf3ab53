"""What the distribution holds: the three packages, typed, with the built client."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]
STATIC = "derby_notebook/static"


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    [built] = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_the_wheel_holds_the_three_packages_and_nothing_else(wheel_names: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == {
        "sharedb_py",
        "derby_notebook",
        "sharedb_mongo",
    }


def test_the_wheel_puts_beside_them_only_what_makes_jupyter_load_our_extension(
    wheel_names: list[str],
) -> None:
    beside = [name.split(".data/", 1)[1] for name in wheel_names if ".data/" in name]
    assert beside == ["data/etc/jupyter/jupyter_server_config.d/derby_notebook.json"]


def test_the_wheel_ships_the_built_client(wheel_names: list[str]) -> None:
    shipped = [name for name in wheel_names if name.startswith(STATIC)]
    assert f"{STATIC}/manifest.json" in shipped, "build the client first: make client"
    assert any(name.endswith(".js") for name in shipped)
    assert any(name.endswith(".css") for name in shipped)


def test_each_package_says_that_it_is_typed(wheel_names: list[str]) -> None:
    for package in ("sharedb_py", "derby_notebook", "sharedb_mongo"):
        assert f"{package}/py.typed" in wheel_names


def test_the_sdist_can_build_the_wheel_without_node(tmp_path: Path) -> None:
    [built] = SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    import tarfile

    with tarfile.open(built) as archive:
        names = archive.getnames()
    assert any(name.endswith("proxy/derby_notebook/static/manifest.json") for name in names)
    assert not any("node_modules" in name for name in names)
