"""MongoDB for sharedb-py: documents, ops and milestones in ``sharedb-mongo``'s own layout.

Node servers with ``sharedb-mongo`` can work on the same database, at the same time.
"""

from sharedb_mongo.db import MongoDB, from_url
from sharedb_mongo.milestones import MongoMilestones, milestones_from_url
from sharedb_mongo.query import Permissions
from sharedb_mongo.url import Options

__all__ = [
    "MongoDB",
    "MongoMilestones",
    "Options",
    "Permissions",
    "from_url",
    "milestones_from_url",
]
