"""What a manifest says of bars that are there already under another name."""

from collections.abc import Mapping
from typing import Any


def shared_lineages(manifest: Mapping[str, Any]) -> frozenset[str]:
    """Lineages of its environment that its bars belong to by what they are, not by their name."""
    return frozenset(
        str(one["lineage"])
        for one in manifest.get("same_bars") or ()
        if one["environment"] == manifest["environment"]
    )


def sentences(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """The same for the person who imports: a sentence for each lineage."""
    told: dict[tuple[str, str], list[str]] = {}
    for one in manifest.get("same_bars") or ():
        key = (str(one["environment"]), str(one["lineage"]))
        told.setdefault(key, []).append(f"{one['symbol']} = {one['known_as']}")
    found = []
    for (environment, lineage), pairs in sorted(told.items()):
        names = ", ".join(pairs[:3]) + (f" and {len(pairs) - 3} more" if len(pairs) > 3 else "")
        if environment == manifest["environment"]:
            found.append(
                f"These are data of lineage {lineage} under another name ({names}): "
                "trials, looks and the sealed window are shared."
            )
        else:
            found.append(
                f"The same bars are in environment {environment} too, lineage {lineage} ({names}): "
                "looks taken there are NOT counted here, though they have seen these bars."
            )
    return tuple(found)
