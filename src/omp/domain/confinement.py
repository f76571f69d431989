"""Shuts a process out of folders for good: the kernel refuses it to read what lies in them.

The miner is never given the sealed window. Where the kernel has Landlock (Linux 5.13 and later) it
cannot take it either: the process gives up the right to read some folders, and neither it nor any
program it starts can win it back. Landlock only knows permissions, no prohibitions, so everything
beside the path to a forbidden folder is permitted: what is created in one of that path's own
folders afterwards cannot be read, what is created anywhere else can.

As a program it confines itself and becomes another one, so that a strange engine meets the same
wall: `python -I -S confinement.py FORBIDDEN … -- COMMAND …`. It needs the standard library alone.
"""

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_READ_FILE, _REFER = 1 << 2, 1 << 13
_REFER_SINCE = 2


def landlock_version() -> int:
    """The kernel's version of Landlock; 0 where it has none."""
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)))


def confine(forbidden: Iterable[Path]) -> bool:
    """Give up the right to read anything in these folders and files, for this process and its own.

    Call it before any thread is started: threads that run already are not confined.

    Args:
        forbidden: What may no longer be read; what is not there is passed over.

    Returns:
        Whether the kernel keeps it; False where it has no Landlock.

    Raises:
        OSError: The kernel has Landlock and refuses the rules.
    """
    version = landlock_version()
    if not version:
        return False
    libc = _libc()
    rights = _READ_FILE | (_REFER if version >= _REFER_SINCE else 0)
    handled = struct.pack("=Q", rights)
    ruleset = _checked(libc.syscall(_CREATE_RULESET, handled, len(handled), 0))
    try:
        for path in permitted({one.resolve() for one in forbidden}):
            _permit(libc, ruleset, path, rights)
        _checked(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
        _checked(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)
    return True


def permitted(forbidden: set[Path]) -> tuple[Path, ...]:
    """Everything beside the paths that lead to the forbidden ones, in order.

    Links are left out: what they lead to is judged where it really lies.
    """
    ways = {parent for one in forbidden for parent in one.parents}
    found: list[Path] = []
    for way in sorted(ways):
        if way in forbidden or any(parent in forbidden for parent in way.parents):
            continue
        with suppress(PermissionError, FileNotFoundError):  # what we cannot list we cannot read
            beside = (one for one in sorted(way.iterdir()) if one not in ways | forbidden)
            found.extend(one for one in beside if not one.is_symlink())
    return tuple(found)


def main(arguments: Sequence[str]) -> None:
    """Confine this process, then become the command behind `--`."""
    mark = list(arguments).index("--")
    confine(Path(one) for one in arguments[:mark])
    command = list(arguments[mark + 1 :])
    os.execvp(command[0], command)  # noqa: S606 - becoming the engine is what this is for


def _permit(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return  # gone meanwhile, or not ours to open: then it stays forbidden
    try:
        own = rights if stat.S_ISDIR(os.fstat(handle).st_mode) else rights & _READ_FILE
        rule = struct.pack("=Qi", own, handle)
        _checked(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0))
    finally:
        os.close(handle)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


if __name__ == "__main__":
    main(sys.argv[1:])
