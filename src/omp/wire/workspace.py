"""Where everything lies in a workspace; both wings ask here, so no path is written twice."""

import json
from dataclasses import dataclass
from pathlib import Path

from omp.domain.errors import UnsafePath
from omp.domain.ids import check_id

_OF_SEALED_BARS = ("data", "look", "entry.json", "packet.*")
"""Of an entry's folder, what holds sealed bars or what was found on them."""


@dataclass(frozen=True)
class Workspace:
    """The folders under one root (absolute)."""

    root: Path

    @property
    def config_file(self) -> Path:
        return self.root / "dashboard" / "omp_config.toml"

    @property
    def queue_file(self) -> Path:
        return self.root / "dashboard" / "campaign_queue.json"

    @property
    def campaigns(self) -> Path:
        return self.root / "configs" / "campaigns"

    @property
    def snapshots(self) -> Path:
        return self.root / "data" / "snapshots"

    @property
    def data_sets(self) -> Path:
        return self.root / "data" / "sets"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def sealed(self) -> Path:
        return self.state / "sealed"

    @property
    def keys(self) -> Path:
        return self.state / "keys"

    @property
    def cache(self) -> Path:
        return self.state / "cache"

    @property
    def database(self) -> Path:
        return self.state / "omp.db"

    @property
    def subjects(self) -> Path:
        return self.state / "subjects"

    @property
    def lineages_file(self) -> Path:
        """In `data/`: it is written anew while confined miners run, which must read it."""
        return self.root / "data" / "lineages.json"

    @property
    def runs(self) -> Path:
        return self.root / "output" / "scg"

    @property
    def hall(self) -> Path:
        return self.root / "artifacts" / "hall_of_fame"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def archives_file(self) -> Path:
        """Every folder that runs were ever archived to."""
        return self.state / "archives.json"

    @property
    def trash(self) -> Path:
        """What retention deleted lies here for a while; on the filesystem of the runs."""
        return self._beside_runs("trash")

    @property
    def incoming(self) -> Path:
        """Where a run that is brought back is put together before it is moved into place."""
        return self._beside_runs("incoming")

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that a new workspace has; those only their owner may enter come last."""
        return (
            self.config_file.parent,
            self.campaigns,
            self.snapshots,
            self.data_sets,
            self.runs,
            self.hall,
            self.logs,
            self.archive,
            self.backups,
            self.cache,
            self.subjects,
            *self.private_folders,
        )

    @property
    def private_folders(self) -> tuple[Path, ...]:
        """Folders made with mode 0700."""
        return (self.state, self.sealed, self.keys)

    @property
    def withheld(self) -> tuple[Path, ...]:
        """What no mining process may read, as it stands now.

        Sealed windows with their copies in backups and entries, what looks have found in them
        (entries tell of it in their packets; archived and deleted runs have theirs), keys, the
        token and the record.
        """
        record = (self.database.with_name(self.database.name + end) for end in ("", "-wal", "-shm"))
        told = (one for name in _OF_SEALED_BARS for one in self.hall.glob(f"*/{name}"))
        sealed = (*told, *self.runs.glob("*/looks"))
        private = (self.sealed, self.keys, self.backups, self.state / "token")
        aside = (self.archive, self.trash, self.incoming, *self.archives)
        return (*private, *record, *aside, *sorted(sealed))

    @property
    def archives(self) -> tuple[Path, ...]:
        """Every folder that runs were ever archived to, as `archives_file` lists them."""
        try:
            listed = json.loads(self.archives_file.read_bytes())["archives"]
            return tuple(Path(one) for one in sorted(listed))
        except (OSError, ValueError, KeyError, TypeError):
            return ()

    def _beside_runs(self, name: str) -> Path:
        """A folder beside the runs, or hidden among them where a disk is mounted over them."""
        beside = self.runs.parent
        try:
            is_one = self.runs.stat().st_dev == beside.stat().st_dev
        except OSError:
            is_one = True
        return beside / name if is_one else self.runs / f".omp-{name}"

    def run(self, run_id: str) -> Path:
        """The directory of a run: `output/scg/<run_id>/` (the id begins with `run_`)."""
        return self.runs / check_id(run_id, "run")

    def entry(self, candidate_id: str) -> Path:
        """The folder of a Hall of Fame entry."""
        return self.hall / check_id(candidate_id, "candidate")

    def inside(self, relative: str, what: str) -> Path:
        """A path the user named, resolved and proven to lie inside the workspace.

        Raises:
            UnsafePath: If it is absolute elsewhere, climbs out, or follows a link out.
        """
        path = (self.root / relative).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise UnsafePath(
                f"{what} {relative!r} lies outside the workspace",
                allowed=f"paths under {self.root}",
                remedy="copy the file into the workspace and name it there",
            )
        return path
