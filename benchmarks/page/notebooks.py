"""The notebooks that the pages are measured on."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

__all__ = ["write_notebook"]


def write_notebook(path: Path, count: int) -> None:
    """Write a notebook as people have them: text between code, and outputs below most code."""
    cells = [_markdown(number) if number % 4 == 0 else _code(number) for number in range(count)]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def _markdown(number: int) -> nbformat.NotebookNode:
    return new_markdown_cell(
        f"## Step {number}\n\nSome *text* about step {number}, and a [link](https://example.org).\n\n"
        "- one point\n- another, with `code`"
    )


def _code(number: int) -> nbformat.NotebookNode:
    cell = new_code_cell(
        f"def step_{number}(values, factor={number}):\n"
        f'    """Scale the values of step {number}."""\n'
        "    return [value * factor for value in values]\n\n"
        f"print(step_{number}(range(10)))"
    )
    if number % 4 == 1:
        rows = "".join(
            f"<tr><th>{row}</th><td>{row * number}</td><td>{row / (number + 1):.3f}</td></tr>"
            for row in range(5)
        )
        html = f'<table border="1" class="dataframe"><tbody>{rows}</tbody></table>'
        data = {"text/html": html, "text/plain": f"a table of {number}"}
        cell.outputs = [new_output("execute_result", data, execution_count=number)]
        cell.execution_count = number
    elif number % 4 == 2:
        text = f"{[value * number for value in range(10)]}\n"
        cell.outputs = [new_output("stream", name="stdout", text=text)]
        cell.execution_count = number
    return cell
