"""Being a JupyterHub's single-user server: what its spawner says in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["Hub", "hub_of"]


@dataclass(frozen=True)
class Hub:
    """Where the hub sends its users, and what identifies this server to it."""

    host: str
    port: int
    base_url: str
    token: str
    folder: str | None
    first_page: str

    def environment(self, url: str) -> dict[str, str]:
        """Return what tells Jupyter's own single-user server to stand behind us, at an address.

        It signs people in at the hub, so all that the hub said goes on to it.
        """
        return {"JUPYTERHUB_SERVICE_URL": url, "JUPYTERHUB_DEFAULT_URL": self.first_page}


def hub_of(environment: Mapping[str, str]) -> Hub:
    """Return the hub that spawned this process; raises ``ValueError`` saying what is missing."""
    wanted = ("JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_API_TOKEN")
    missing = [name for name in wanted if not environment.get(name)]
    if missing:
        raise ValueError(f"is for a JupyterHub's spawner: {', '.join(missing)} is not set")
    address, prefix, token = (environment[name] for name in wanted)
    url = urlsplit(address)
    if url.scheme != "http":
        raise ValueError("serves plain HTTP to the hub's proxy: c.JupyterHub.internal_ssl is on")
    folder = environment.get("JUPYTERHUB_ROOT_DIR") or None
    first_page = environment.get("JUPYTERHUB_DEFAULT_URL") or "/tree"
    return Hub(url.hostname or "0.0.0.0", url.port or 80, prefix, token, folder, first_page)
