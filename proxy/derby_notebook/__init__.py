"""A multi-user Jupyter notebook: a proxy in front of a Jupyter Server, and its hook service."""
