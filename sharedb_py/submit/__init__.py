"""The submit pipeline: how an op becomes a committed version (protocol section 3).

One :class:`~.actor.DocActor` for each document in use holds its current snapshot and
last ops, so that a submit reads nothing: ops that arrive together are transformed in
memory, one after the other, and handed on as one commit. The
:class:`~.committer.GroupCommitter` gathers the commits of all documents into batches.
The cache is optimistic: a commit the database refuses means that another process was
faster, and the actor reads again and repeats the work.
"""

from __future__ import annotations

from sharedb_py.submit.actor import Done
from sharedb_py.submit.request import SubmitRequest
from sharedb_py.submit.submitter import SubmitOptions, Submitter

__all__ = ["Done", "SubmitOptions", "SubmitRequest", "Submitter"]
