"""Where the directory of a finished run lies. The record says so, and the disk follows it."""

from omp.domain.machine import Machine

PLACE = Machine(
    name="run directory",
    start="here",
    moves={
        ("here", "archive"): "archived",
        ("archived", "restore"): "here",
        ("here", "trash"): "trashed",
        ("trashed", "undelete"): "here",
        ("trashed", "delete"): "deleted",
    },
    notes={
        ("here", "archive"): "after every byte of the copy was compared",
        ("archived", "restore"): "after every byte of the copy was compared",
        ("trashed", "delete"): "after `[retention] trash_hours`, or at once where the disk is full",
    },
)
