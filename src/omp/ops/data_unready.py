"""Readiness that fails when a campaign wants to mine: the data are called into question by name."""

from omp.domain.errors import DataNotReady
from omp.ops import data_incidents
from omp.ops.data_incidents import DataIncident
from omp.ops.data_register import register
from omp.ops.data_sources import NOT_PROVEN, digest_of_source
from omp.ops.desk import Desk
from omp.store.data_incidents import Question

ORIGIN = "readiness"


def is_of_data(error: Exception) -> bool:
    """Whether an error says that the data themselves are not proven fit."""
    return isinstance(error, DataNotReady) and NOT_PROVEN in error.faults


def open_for(desk: Desk, source: str, error: DataNotReady) -> DataIncident:
    """Open a data incident about a campaign's source; the same again is the same incident.

    Args:
        source: A data set's name or a digest.
        error: Why they are not ready, and what to do.
    """
    with desk.write() as tx:
        digest = digest_of_source(desk, tx, source)
        snapshot = register(desk, tx, desk.workspace.snapshots / digest / "manifest.json")
        question = Question(
            incident_id="", name=snapshot.name, origin=ORIGIN, digests=[digest], symbols=[]
        )
        found = data_incidents.open_in(desk, tx, question, error.sentence)
    desk.wake.set()
    return found
