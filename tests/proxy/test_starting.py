"""What ``derby-notebook`` takes from its environment, and what it says instead of starting."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from derby_notebook.cli import parser
from tests.proxy.conftest import TOKEN, JupyterServer
from tests.running import Program, free_port


def program(folder: Path, *arguments: str, **env: str) -> Program:
    return Program(
        *("derby-notebook", str(folder), "--no-browser", "--port", str(free_port()), *arguments),
        log=folder / "log",
        ready=r"Open (http://\S+?)/tree",
        env=env,
    )


@pytest.mark.jupyter
def test_the_token_may_be_in_a_file(jupyter: JupyterServer, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    started = program(tmp_path, "--jupyter-url", jupyter.url, DERBY_NOTEBOOK_TOKEN_FILE=str(file))
    url = started.start()[1]
    with httpx.Client(base_url=url, timeout=30) as client:
        assert client.get("/derby/ready").json()["jupyter"] is True
        headers = {"Authorization": f"token {TOKEN}"}
        assert client.get("/derby/metrics", headers=headers).status_code == 200
    assert started.stop() == 0
    assert TOKEN not in started.output()


@pytest.mark.parametrize(
    ("arguments", "env", "why"),
    [
        ([], {"DERBY_NOTEBOOK_TOKEN_FILE": "/not/there"}, "TOKEN_FILE /not/there: No such file"),
        (["--pubsub", "redis://127.0.0.1:1"], {}, "share a Jupyter Server: name --jupyter-url"),
        (
            ["--jupyter-url", "http://127.0.0.1:1/", "--pubsub", "redis://127.0.0.1:1"],
            {},
            "No Redis server answers",
        ),
    ],
)
def test_what_cannot_work_is_said_in_one_line(
    arguments: list[str], env: dict[str, str], why: str, tmp_path: Path
) -> None:
    refused = program(tmp_path, *arguments, **env)
    with pytest.raises(AssertionError, match=f"derby-notebook: .*{why}"):
        refused.start()
    assert refused.process is not None
    assert refused.process.wait() == 1
    assert len(refused.output().splitlines()) == 1


def test_passwords_need_not_be_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DERBY_NOTEBOOK_DB", "mongodb://ann:s3cret@host/x")
    monkeypatch.setenv("DERBY_NOTEBOOK_PUBSUB", "rediss://ann:s3cret@host")
    options = parser().parse_args([])
    assert (options.db, options.pubsub) == (
        "mongodb://ann:s3cret@host/x",
        "rediss://ann:s3cret@host",
    )
    assert "s3cret" not in parser().format_help()


@pytest.mark.parametrize("module", ["derby_notebook.cli", "derby_notebook.jupyter.server"])
def test_a_program_of_ours_does_not_build_a_parser_of_iris_to_start(module: str) -> None:
    code = f"import sys, {module}, nbformat, jupyter_events; print('lark' in sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "False\n"
