"""Compiled statistics; imported only by the functions that need them, on large input."""
