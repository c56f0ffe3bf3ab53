"""Old outputs come back with the trust that they had, not with what the cell has by now."""

from __future__ import annotations

from typing import Any

import pytest

from derby_notebook.history.restoring import plan_cell
from sharedb_py.ot.json0 import json0
from sharedb_py.snapshot import Snapshot

HTML = {"output_type": "display_data", "data": {"text/html": "<script>x()</script>"}}


def version(number: int, outputs: list[Any], **more: Any) -> Snapshot:
    data = {"cell_type": "code", "source": "s", "metadata": {}, "outputs": outputs, **more}
    return Snapshot("c", number, json0.uri, {**data, "_state": "idle"})


@pytest.mark.parametrize(("now", "then"), [(True, None), (None, True), (True, True), (False, True)])
def test_outputs_are_brought_back_with_their_own_trust(now: bool | None, then: bool | None) -> None:
    def shown(trusted: bool | None) -> dict[str, Any]:
        return {} if trusted is None else {"_trusted": trusted}

    here, wanted = version(9, [], **shown(now)), version(3, [HTML], **shown(then))
    [step] = plan_cell(("cells", "c"), here, wanted).steps
    after = json0.apply(here.data, step.payload["op"])
    assert after["outputs"] == [HTML]
    assert after.get("_trusted") == then
