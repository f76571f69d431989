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


def pace_in_words(full_in_s: float | None) -> str:
    """When the disk is full, such as `, full in 9 h at this pace`; empty where it is not in sight.

    Args:
        full_in_s: Seconds until mining would stop; None where that is not in sight.
    """
    if full_in_s is None:
        return ""
    hours = full_in_s / 3600
    if hours >= 48:
        when = f"{hours / 24:.0f} days"
    elif hours >= 2:
        when = f"{hours:.0f} h"
    else:
        when = f"{max(1, round(full_in_s / 60))} min"
    return f", full in {when} at this pace"
