"""A real JupyterHub with its proxy: anybody may sign in, and servers are ours."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import httpx

from tests.running import ROOT, Program, free_port

__all__ = ["JupyterHub"]

KEY = "the-tests-own-key"
NODE_BIN = ROOT / "tests" / "interop" / "node_modules" / ".bin"

CONFIG = """
c.JupyterHub.bind_url = {public!r}
c.JupyterHub.hub_bind_url = {hub!r}
c.JupyterHub.db_url = {db!r}
c.JupyterHub.cookie_secret_file = {secret!r}
c.ConfigurableHTTPProxy.api_url = {api!r}
c.ConfigurableHTTPProxy.command = {proxy!r}
c.ConfigurableHTTPProxy.pid_file = {pid!r}
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r}
c.Spawner.cmd = {command!r}
c.Spawner.environment = {{"JUPYTERHUB_SINGLEUSER_LOAD_OTHER_EXTENSIONS": "1"}}
c.JupyterHub.services = [{{"name": "tests", "api_token": {key!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "tests", "scopes": ["admin:servers", "admin:users"], "services": ["tests"]}},
    {{
        "name": "guests",
        "scopes": ["self", "access:servers!user=alice"],
        "users": ["ben", "vic"],
    }},
]
c.Authenticator.allowed_users = {{"alice", "ben", "vic", "carl"}}
"""


class JupyterHub(Program):
    """``home`` holds its database and a folder for each user."""

    def __init__(self, home: Path) -> None:
        public, hub, api = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{public}"
        self.homes = home / "homes"
        node = shutil.which("node")
        config = CONFIG.format(
            public=self.url,
            hub=f"http://127.0.0.1:{hub}",
            db=f"sqlite:///{home / 'hub.sqlite'}",
            secret=str(home / "secret"),
            api=f"http://127.0.0.1:{api}",
            proxy=[node, str(NODE_BIN / "configurable-http-proxy")],
            pid=str(home / "proxy.pid"),
            homes=f"{self.homes}/{{username}}",
            command=[
                str(Path(sys.executable).parent / "derby-notebook"),
                "--hub",
                *("--role", "vic=viewer", "--log-level", "info"),
            ],
            key=KEY,
        )
        self.homes.mkdir(parents=True)
        path = home / "jupyterhub_config.py"
        path.write_text(config)
        super().__init__(
            "jupyterhub",
            *("--config", str(path)),
            log=home / "hub.log",
            ready="JupyterHub is now running",
            cwd=home,
        )

    def spawn(self, user: str) -> None:
        """Start a user's server and wait until the hub says that it is there."""
        headers = {"Authorization": f"token {KEY}"}
        with httpx.Client(base_url=f"{self.url}/hub/api/", headers=headers, timeout=60) as api:
            answer = api.post(f"users/{user}/server")
            assert answer.status_code in (201, 202), answer.text
            with api.stream("GET", f"users/{user}/server/progress") as events:
                for line in events.iter_lines():
                    if not line.startswith("data:"):
                        continue
                    event = json.loads(line.removeprefix("data:"))
                    assert not event.get("failed"), f"{event}\n{self.output()}"
                    if event.get("ready"):
                        return
        raise AssertionError(f"{user}'s server did not start:\n{self.output()}")
