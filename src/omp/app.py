"""The composition root: what a face needs to begin with."""

from omp.ops.desk import Desk
from omp.ops.opening import local_user, open_desk

__all__ = ["Desk", "local_user", "open_desk"]
