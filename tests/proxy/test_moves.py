"""Where a file is after it was moved, and what it may be called."""

from __future__ import annotations

import pytest

from derby_notebook.files.moves import moved_path, renamed_path


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("a.ipynb", "b", "b.ipynb"),
        ("a.ipynb", " b.ipynb ", "b.ipynb"),
        ("deep/er/a.ipynb", "größe 2", "deep/er/größe 2.ipynb"),
        ("a.ipynb", "v1.2", "v1.2.ipynb"),
    ],
)
def test_a_notebook_keeps_its_folder_and_its_ending(path: str, name: str, expected: str) -> None:
    assert renamed_path(path, name) == expected


@pytest.mark.parametrize("name", ["", "  ", ".ipynb", "a/b", "a\\b", "../a", "a\nb", ".hidden"])
def test_what_no_file_can_be_called_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        renamed_path("folder/a.ipynb", name)


def test_what_is_in_a_renamed_folder_moves_with_it() -> None:
    assert moved_path("a/b/c.ipynb", "a", "x/y") == "x/y/b/c.ipynb"
    assert moved_path("a.ipynb", "a.ipynb", "b.ipynb") == "b.ipynb"
    assert moved_path("ab/c.ipynb", "a", "x") is None
