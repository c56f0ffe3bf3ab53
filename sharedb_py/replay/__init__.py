"""The op log as a debugger: what can be told from a document's stored ops. Pure.

``sharedb_py.archive`` reads the ops and snapshots these modules work on.
"""
