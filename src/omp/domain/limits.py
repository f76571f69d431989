"""What the machine has, and how much of it mining may use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Resources:
    """A reading of the machine.

    Args:
        cpu_util_pct: Share of all cores busy, 0–100.
        cpu_others_pct: The same without our own runs.
        mem_available_mb: Memory available to new programs, MB (2**20 bytes).
        disk_free_gb: Free on the workspace's filesystem, GB (10**9 bytes).
        inodes_free_pct: Free inodes, 0–100.
    """

    cpu_util_pct: float
    cpu_others_pct: float
    mem_available_mb: float
    disk_free_gb: float
    inodes_free_pct: float
