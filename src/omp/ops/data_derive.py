"""Make a data set from another one in a child: longer bars, a universe, a yield of cash."""

from collections.abc import Sequence

from omp.domain.ids import check_id
from omp.ops import data
from omp.ops.children import Children
from omp.ops.desk import Desk
from omp.store.snapshots import Snapshot


def derive(
    desk: Desk,
    parent: str,
    *,
    children: Children,
    name: str,
    to: str = "",
    universe: str = "",
    membership: str | None = None,
    symbols: Sequence[str] = (),
    yields: str | None = None,
    cash: str = "",
    convention: str = "",
    accept: Sequence[str] = (),
) -> Snapshot:
    """Have a child make it and register the snapshot, whose parent the manifest names.

    Args:
        parent: A data set's name, or a digest.
        name: Name of the new data set.
        to: Longer timeframe.
        universe: Name of a universe; `membership` is its file, or `symbols` its members.
        yields: File of annual yields, called `cash` and quoted by `convention`.
        accept: Rules of readiness whose faults are real.

    Raises:
        NotFound: There is no such parent.
        InvalidInput: The change does not fit the data.
        DataNotReady: A table, or what comes out, has faults.
    """
    check_id(name, "data set")
    check_id(parent, "data source")
    data.export_lineages(desk)
    options = {
        "--to": to,
        "--universe": universe,
        "--membership": membership,
        "--symbols": ",".join(symbols),
        "--yields": yields,
        "--cash": cash,
        "--convention": convention,
    }
    args = ["data", "derive", parent, f"--name={name}", *data.sealing(desk)]
    args += [f"{flag}={value}" for flag, value in options.items() if value]
    args += [f"--accept={rule}" for rule in accept]
    found = data.publish(desk, children, args, f"making {name} from {parent}")
    data.remember(desk, name, {"kind": "derive", "parent": parent})
    return found
