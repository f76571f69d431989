"""Where children run: one file per kind of executor."""
