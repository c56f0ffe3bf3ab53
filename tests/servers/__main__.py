"""``python -m tests.servers``: build the servers that the tests need, ahead of them."""

from __future__ import annotations

import shutil
import subprocess
import sys

from tests.servers.compose import build_compose
from tests.servers.mongo import build_ferret, build_java

for name, tools, build in (
    ("mongo-java-server", ("java", "mvn"), build_java),
    ("FerretDB", ("go",), build_ferret),
    ("The reader of compose files", ("go",), build_compose),
):
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        sys.stderr.write(f"{name} is not built, for want of {' and '.join(missing)}\n")
        continue
    try:
        sys.stdout.write(f"{name} is in {build()}\n")
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"{name} cannot be built:\n{error.stdout}\n")
