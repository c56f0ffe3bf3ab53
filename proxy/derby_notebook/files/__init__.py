"""Files and documents: reading, saving, and merging what changed outside."""
