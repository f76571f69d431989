"""Memory of the C library: how a process that lives for months keeps it small.

Python gives its own objects back; what glibc keeps for its threads is another matter. Each thread
gets an arena of its own, and every arena keeps its own largest moment, so the threads of a daemon
would hold several times what any of them needs at once.
"""

import ctypes

ARENA_MAX = -8
"""`M_ARENA_MAX` of malloc.h: how many arenas there may be (mallopt(3))."""
ARENAS = 1
"""The threads of the daemon take turns at Python's lock anyway."""


def share_one_arena() -> bool:
    """Let all threads that begin from now on share the arenas there are; says whether it held.

    Only glibc can be asked so; elsewhere nothing changes.
    """
    ask = getattr(ctypes.CDLL(None), "mallopt", None)
    return ask is not None and bool(ask(ARENA_MAX, ARENAS))


def give_back_memory() -> bool:
    """Hand what the C library holds free back to the system; says whether it did.

    A backup or a scrub asks for much and frees it again; the pages between what stays would
    count as the daemon's for ever. Only glibc can be asked so.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))
