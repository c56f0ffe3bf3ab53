"""The web: pages, endpoints, and the way through to Jupyter."""
