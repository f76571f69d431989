"""A desk for each test."""

from tests.desks import desk, template

__all__ = ["desk", "template"]
