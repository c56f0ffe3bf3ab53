"""A multi-user Jupyter notebook: a proxy in front of a Jupyter Server, and its hook service."""

__all__: list[str] = []


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Name what Jupyter is to load where this package is switched on as its extension."""
    return [{"module": "derby_notebook.jupyter.extension"}]
