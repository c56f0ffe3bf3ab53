"""What a hub's spawner says in the environment, read or refused with the reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from derby_notebook.hub import hub_of

SAID = {
    "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:4711/user/alice/",
    "JUPYTERHUB_SERVICE_PREFIX": "/user/alice/",
    "JUPYTERHUB_API_TOKEN": "s3cr3t",
}


def test_the_hub_says_where_to_listen_and_what_to_serve() -> None:
    hub = hub_of({**SAID, "JUPYTERHUB_ROOT_DIR": "/home/alice/work"})
    assert (hub.host, hub.port, hub.base_url) == ("127.0.0.1", 4711, "/user/alice/")
    assert (hub.token, hub.folder, hub.first_page) == ("s3cr3t", "/home/alice/work", "/tree")
    inner = hub.environment("http://127.0.0.1:1/user/alice/")
    assert inner["JUPYTERHUB_SERVICE_URL"] == "http://127.0.0.1:1/user/alice/"
    everywhere = hub_of({**SAID, "JUPYTERHUB_SERVICE_URL": "http://:8888/"})
    assert (everywhere.host, everywhere.port) == ("0.0.0.0", 8888)
    assert hub_of({**SAID, "JUPYTERHUB_DEFAULT_URL": "/lab"}).first_page == "/lab"


@pytest.mark.parametrize("name", SAID)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is not set"):
        hub_of({key: value for key, value in SAID.items() if key != name})


def test_a_hub_that_wants_tls_inside_is_refused() -> None:
    with pytest.raises(ValueError, match="internal_ssl"):
        hub_of({**SAID, "JUPYTERHUB_SERVICE_URL": "https://127.0.0.1:1/"})


def test_by_hand_it_says_what_it_is_for(tmp_path: Path) -> None:
    ended = subprocess.run(
        [str(Path(sys.executable).parent / "derby-notebook"), str(tmp_path), "--hub"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": ""},
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("derby-notebook: --hub is for a JupyterHub's spawner")
    assert "JUPYTERHUB_SERVICE_URL" in ended.stderr
    assert not any(tmp_path.iterdir())
