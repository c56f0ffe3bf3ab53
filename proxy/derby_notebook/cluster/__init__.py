"""Several processes before one database: who does what, and how they ask each other."""
