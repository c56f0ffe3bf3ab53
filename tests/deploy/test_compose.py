"""The compose file as Docker Compose reads it, and what it has our program and a shell do."""

from __future__ import annotations

import ast
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from derby_notebook.cli import parser
from tests.running import ROOT
from tests.servers.compose import load

pytestmark = [pytest.mark.compose, pytest.mark.timeout(300)]  # the first one builds the library

FILE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return load(FILE)


def lasting(project: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the services that go on, not those that do one thing at the start."""
    services: dict[str, dict[str, Any]] = project["services"]
    return {name: found for name, found in services.items() if found["restart"] != "no"}


def test_compose_finds_fault_where_there_is_some(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    text = FILE.read_text("utf-8")
    for old, new, fault in [
        ("retries: 24", "retires: 24", "retires"),
        ("networks: [kernels]", "networks: [kernel]", "undefined network kernel"),
        ("condition: service_healthy", "condition: healthy", "condition"),
        ("  mongo:\n    image", "  mango:\n    image", 'depends on undefined service "mongo"'),
    ]:
        assert old in text
        broken.write_text(text.replace(old, new, 1), "utf-8")
        with pytest.raises(ValueError, match=fault):
            load(broken)


def test_everything_that_goes_on_is_watched_and_comes_back(project: dict[str, Any]) -> None:
    assert lasting(project).keys() == {"mongo", "redis", "jupyter", "notebook"}
    for name, service in lasting(project).items():
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"][0] == "CMD", name
    for name, wanted in project["services"]["notebook"]["depends_on"].items():
        once = name == "token"
        condition = "service_completed_successfully" if once else "service_healthy"
        assert wanted["condition"] == condition, name
    kept = {
        mount["source"] for found in lasting(project).values() for mount in found.get("volumes", [])
    }
    assert kept == project["volumes"].keys() == {"token", "mongo", "work", "data"}


def test_people_reach_one_port_from_this_machine_and_kernels_no_database(
    project: dict[str, Any],
) -> None:
    services = project["services"]
    published = {name: found["ports"] for name, found in services.items() if found.get("ports")}
    assert published.keys() == {"notebook"}
    [port] = published["notebook"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "9999", 9999)
    reached = {name: set(found.get("networks") or ()) for name, found in services.items()}
    assert reached["jupyter"].isdisjoint(reached["mongo"] | reached["redis"])
    assert reached["notebook"] == reached["jupyter"] | reached["mongo"] | reached["redis"]
    assert project["networks"]["data"]["internal"]


def test_no_token_is_in_the_clear(project: dict[str, Any]) -> None:
    given = load(FILE, JUPYTER_TOKEN="s3cret")
    assert given["services"].pop("token")["environment"] == {"JUPYTER_TOKEN": "s3cret"}
    assert "s3cret" not in str(given)
    for name in ("jupyter", "notebook"):
        variables = project["services"][name]["environment"]
        assert set(variables.values()) == {"/run/token/jupyter"}, name


def made_token(project: dict[str, Any], folder: Path, **variables: str) -> str:
    """Run the script of the service that makes the token, its folder being another."""
    service = project["services"]["token"]
    # Compose writes a dollar sign as two; the shell gets one.
    [script] = [text.replace("$$", "$") for text in service["command"]]
    script = script.replace("/run/token", str(folder))
    subprocess.run([*service["entrypoint"], script], check=True, env={"PATH": PATH, **variables})
    file = folder / "jupyter"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return file.read_text()


PATH = f"{Path(sys.executable).parent}:/usr/bin:/bin"


def test_a_token_is_made_once_or_taken(project: dict[str, Any], tmp_path: Path) -> None:
    token = made_token(project, tmp_path)
    assert re.fullmatch(r"[0-9a-f]{48}", token)
    assert made_token(project, tmp_path) == token
    assert made_token(project, tmp_path, JUPYTER_TOKEN="another") == token
    own = tmp_path / "own"
    own.mkdir()
    assert made_token(project, own, JUPYTER_TOKEN="a 'token'") == "a 'token'"


def test_our_program_takes_the_commands_and_the_checks_are_python(project: dict[str, Any]) -> None:
    options = parser().parse_args(project["services"]["notebook"]["command"])
    assert (options.port, options.host) == (9999, "0.0.0.0")
    assert options.db == "mongodb://mongo:27017/notebooks?replicaSet=rs0"
    for name in ("jupyter", "notebook"):
        _, program, flag, code = project["services"][name]["healthcheck"]["test"]
        assert (program, flag) == ("python", "-c")
        ast.parse(code)


def test_the_image_runs_as_nobody_special_and_has_what_the_compose_file_needs() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    last = text.rpartition("\nFROM ")[2]
    steps = dict(re.findall(r"^([A-Z]+) (.*)$", last, re.MULTILINE))
    assert steps["USER"] == "notebook"
    assert last.index("\nUSER") < last.index("\nENTRYPOINT")
    assert "[mongo,redis]" in last
    assert "/run/token" in last
    assert parser().parse_args(ast.literal_eval(steps["CMD"])).host == "0.0.0.0"
    sources = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    for source in " ".join(sources).split():
        assert (ROOT / source).exists(), source
