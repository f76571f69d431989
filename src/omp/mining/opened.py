"""A finished run, opened again: its campaign, data, plan and rows, for the children that judge."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from omp.config.campaign_file import CampaignFile, read_campaign
from omp.domain.errors import Damaged, NotFound
from omp.market.catalog import Catalog
from omp.market.snapshot import Snapshot
from omp.market.splits import parse_iso
from omp.mining.agreement import Standing, exported, open_evaluator, standings
from omp.mining.books import TrialRows
from omp.mining.candidates import CandidateRow
from omp.mining.plan import EXPORTED, Plan, make_plan
from omp.mining.run_evidence import Counts, Provenance, trial_variance
from omp.mining.search import strategy_of
from omp.mining.strategy_file import Strategy, from_toml
from omp.mining.streams import Int
from omp.mining.tables import read_candidates, read_trials
from omp.wire.charges import read_charges
from omp.wire.filed import is_filed, read_filed
from omp.wire.rundir import Manifest, RunDirectory, read_manifest
from omp.wire.workspace import Workspace


@dataclass(frozen=True, eq=False)
class OpenRun:
    """A run directory with everything it was made from."""

    workspace: Workspace
    run: RunDirectory
    manifest: Manifest
    campaign: CampaignFile
    snapshot: Snapshot
    catalog: Catalog

    @cached_property
    def plan(self) -> Plan:
        """What was searched, on the mining part of the data."""
        return make_plan(
            self.campaign,
            self.catalog.open_mining(self.snapshot.digest),
            boundary_ns=parse_iso(self.snapshot.boundary),
            seed=self.manifest.seed,
        )

    @property
    def provenance(self) -> Provenance:
        """Who made the run: what its manifest says."""
        m = self.manifest
        return Provenance(
            run_id=m.run_id,
            environment=m.environment,
            campaign=m.campaign,
            config_hash=m.config_hash,
            data_digest=m.data_digest,
            lineage=m.lineage,
            seed=m.seed,
            engine_version=m.engine_version,
            git_sha=m.git_sha,
            lock_digest=m.lock_digest,
        )

    @cached_property
    def rows(self) -> list[CandidateRow]:
        """The rows of candidates.parquet, best first whatever their order in the file."""
        return sorted(read_candidates(self.run.candidates), key=lambda one: one.rank)

    @cached_property
    def trials(self) -> TrialRows:
        """The rows of trials.parquet."""
        return read_trials(self.run.trials)

    @cached_property
    def counts(self) -> Counts:
        """The run's exact counts; trials as they were charged, not as the engine claims."""
        tally = read_charges(self.run.charges)
        said = self.manifest.counts
        return Counts(
            generations=len(tally.owed),
            genomes=tally.genomes,
            distinct=tally.trials,
            without_trades=said.get("without_trades", 0),
            candidates=said.get("candidates", len(self.rows)),
            sharpe_variance=trial_variance(self.trials, self.block_lengths),
        )

    @property
    def block_lengths(self) -> Int:
        """Bars of each CSCV block, [S]."""
        return np.asarray(self.manifest.block_lengths, dtype=np.int64)

    @cached_property
    def standing(self) -> dict[str, Standing]:
        """Where the candidates stand, measured again (`omp.mining.agreement`)."""
        sketch = open_evaluator(self.plan).sketch
        return standings(self.rows, sketch, self.plan.windows.n_bars)

    def best(self, n: int = EXPORTED) -> list[CandidateRow]:
        """What the run puts forward, best first."""
        return exported(self.rows, self.standing, n)

    def strategy(self, row: CandidateRow) -> Strategy:
        """The strategy of a row: from the row itself, else from its folder.

        Raises:
            NotFound: If neither holds it.
            Damaged: If what is found has another genome hash than the row names.
        """
        if row.strategy:
            found = strategy_of(self.plan, row)
        else:
            path = self.run.candidate(row.candidate_id) / "strategy.toml"
            if not is_filed(path):
                raise NotFound(
                    f"{row.candidate_id} has no strategy.toml in {self.run.root}",
                    remedy="the engine must write one for each exported candidate",
                )
            found = from_toml(read_filed(path).decode(), name=str(path))
        if found.genome_hash != row.genome_hash:
            raise Damaged(
                f"the strategy of {row.candidate_id} has genome hash {found.genome_hash[:12]}…, "
                f"its row says {row.genome_hash[:12]}…",
                remedy="do not trust this run; mine it again with: omp queue add",
            )
        return found

    def row(self, candidate_id: str) -> CandidateRow:
        """The row of one candidate.

        Raises:
            NotFound: If the run has no such candidate.
        """
        for one in self.rows:
            if one.candidate_id == candidate_id:
                return one
        raise NotFound(
            f"candidate {candidate_id} is not among the {len(self.rows)} of {self.manifest.run_id}",
            remedy=f"list them: combiner factory export-top --run {self.manifest.run_id} --top 100",
        )

    def subject(self, candidate_id: str) -> Strategy:
        """A candidate's or an ensemble's strategy, from its folder where it has one.

        Raises:
            NotFound: If the run has no such candidate.
        """
        path = self.run.candidate(candidate_id) / "strategy.toml"
        if not is_filed(path):
            return self.strategy(self.row(candidate_id))
        found = from_toml(read_filed(path).decode(), name=str(path))
        if found.candidate_id != candidate_id:
            raise Damaged(
                f"{path} holds {found.candidate_id}, not {candidate_id}",
                remedy="do not trust this folder; write it again: combiner factory evidence",
            )
        return found


def open_run(workspace: Workspace, run_id: str) -> OpenRun:
    """Open a finished run.

    Raises:
        NotFound: If there is no such run, or it is not finished.
        Damaged: If its manifest, campaign or data are not what they say.
    """
    run = RunDirectory(workspace.run(run_id))
    if not run.root.is_dir():
        raise NotFound(
            f"there is no directory {run.root}",
            remedy=f"omp runs show {run_id} says where it is; omp runs restore brings it back",
        )
    manifest = read_manifest(run.manifest)
    campaign = read_campaign(run.campaign)
    if campaign.config_hash != manifest.config_hash:
        raise Damaged(
            f"campaign.toml of {run_id} is not the one the manifest names",
            remedy="do not trust this run; mine it again with: omp queue add",
        )
    catalog = Catalog(workspace.root)
    return OpenRun(
        workspace, run, manifest, campaign, catalog.resolve(manifest.data_digest), catalog
    )
