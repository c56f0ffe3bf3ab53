"""Our extension of Jupyter Server, as somebody has it who installs this package beside one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.running import ROOT


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with this package's wheel installed, and all it depends on from here."""
    home = tmp_path_factory.mktemp("environment")
    [wheel] = WheelBuilder(str(ROOT)).build(directory=str(home), versions=["standard"])
    venv.create(home / "venv", with_pip=False)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(home / "venv")}))
    with zipfile.ZipFile(wheel) as archive:  # as every installer of wheels does
        archive.extractall(packages)
    [data] = packages.glob("*.data/data")
    shutil.copytree(data, home / "venv", dirs_exist_ok=True)
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = home / "venv" / "bin" / "jupyter-server"
    python = home / "venv" / "bin" / "python"
    command.write_text(f"#!{python}\nfrom jupyter_server.serverapp import main\n\nmain()\n")
    command.chmod(0o755)
    return home / "venv"


def extension(environment: Path, home: Path, *arguments: str) -> str:
    """Return what ``jupyter server extension …`` says there."""
    command = [str(environment / "bin" / "python"), "-m", "jupyter", "server", "extension"]
    path = os.pathsep.join([str(environment / "bin"), os.environ["PATH"]])
    variables = {"PATH": path, "HOME": str(home)}
    done = subprocess.run(
        [*command, *arguments], env=variables, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return re.sub(r"\x1b\[\d*m", "", done.stdout + done.stderr)


def test_the_extension_is_on_where_the_package_is_installed_and_can_be_switched(
    environment: Path, tmp_path: Path
) -> None:
    listed = extension(environment, tmp_path, "list")
    assert "derby_notebook enabled" in listed
    validated = listed[listed.index("Validating derby_notebook") :].splitlines()[1]
    assert "OK" in validated
    for command, said in (("disable", "disabled"), ("enable", "enabled")):
        switched = extension(environment, tmp_path, command, "derby_notebook")
        assert "Validation failed" not in switched
        assert f"Extension successfully {said}" in switched
        assert f"derby_notebook {said}" in extension(environment, tmp_path, "list")
