"""Live queries: results decided once for all who follow an equal query (protocol section 5.5)."""
