"""Where the MongoDB adapter of sharedb-py will live: ``sharedb-mongo``'s own layout.

Nothing is here yet; the package holds its place in the layout and in the wheel.
"""
