"""What the person on one connection may do with which notebook, as Jupyter says."""

from __future__ import annotations

from derby_notebook.jupyter.asking import Asking, Credentials
from derby_notebook.places import Places

__all__ = ["Reach"]


class Reach:
    """Asks with the person's own credentials; ``opened``: the notebooks read here."""

    def __init__(self, credentials: Credentials, asking: Asking, places: Places) -> None:
        self.credentials = credentials
        self.opened: set[str] = set()
        self._asking = asking
        self._places = places

    async def may(self, notebook_id: str, *, write: bool = False, fresh: bool = False) -> bool:
        """Whether a notebook may be read, or written; raises ``httpx.HTTPError`` if unknown."""
        path = await self._places.path_of(notebook_id)
        # A document that belongs to no notebook is nothing that Jupyter knows of.
        return path is None or await self.may_at(path, write=write, fresh=fresh)

    async def may_at(self, path: str, *, write: bool = False, fresh: bool = False) -> bool:
        """The same for a path."""
        return await self._asking.may(self.credentials, path, write=write, fresh=fresh)
