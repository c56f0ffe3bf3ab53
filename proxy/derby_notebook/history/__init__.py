"""A notebook's history: its own document and every cell that it ever had, on one timeline."""
