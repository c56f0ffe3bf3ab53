"""Jupyter Server: its REST interface, and one of our own."""
