"""A file that changed outside, merged into the live notebook: three-way, and pure."""

from derby_notebook.files.merge.notebook import LiveCell, Merge, merge_notebook

__all__ = ["LiveCell", "Merge", "merge_notebook"]
