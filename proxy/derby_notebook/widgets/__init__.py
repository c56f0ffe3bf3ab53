"""ipywidgets in the shared documents: comm messages as ops, ops as comm messages."""
