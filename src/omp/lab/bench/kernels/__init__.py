"""Compiled baselines of the bench: nothing in the product calls them."""
