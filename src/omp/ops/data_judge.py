"""Judge a stored data set again, with what the one who asks knows beside it; nothing is changed."""

from collections.abc import Sequence
from typing import Any

from omp.domain.errors import InvalidInput
from omp.domain.ids import check_id
from omp.ops.children import Children, required
from omp.ops.desk import Desk


def judge(
    desk: Desk,
    data_set: str,
    *,
    children: Children,
    universe: str = "",
    membership: str | None = None,
    symbols: Sequence[str] = (),
    max_age_days: float | None = None,
) -> dict[str, Any]:
    """What readiness says of a snapshot now, by every rule of this version.

    Args:
        data_set: A data set's name, or a digest.
        universe: Name of the universe its symbols should be members of; `membership` is its
            file, or `symbols` its members.
        max_age_days: Most days since its last bar.

    Returns:
        `name`, `digest`, `readiness` and `ready`; no value of a sealed bar is in it.

    Raises:
        NotFound: There is no such data set.
        InvalidInput: A universe has no list.
        DataNotReady: The membership file has faults.
    """
    check_id(data_set, "data set")
    if (membership or symbols) and not universe:
        raise InvalidInput(
            "a list of members without a name", allowed="a name, such as sp500", remedy="name it"
        )
    options = {
        "--universe": universe,
        "--membership": membership,
        "--symbols": ",".join(symbols),
        "--max-age-days": None if max_age_days is None else f"{max_age_days:g}",
    }
    args = ["data", "check", data_set, "--judge"]
    args += [f"{flag}={value}" for flag, value in options.items() if value]
    log = desk.workspace.logs / "data.log"
    ended = children.run([*args, "--workspace", str(desk.workspace.root)], log=log)
    found = ended.result or {}
    if found.get("event") != "result":
        found = required(ended, f"judging {data_set}", log=log)
    return {key: found.get(key) for key in ("name", "digest", "ready", "readiness")}
