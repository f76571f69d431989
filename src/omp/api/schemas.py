"""Bodies that the API takes; what it gives are the records of `ops`."""

from typing import Annotated, Literal

from pydantic import Field

from omp.api.edge import Body, IdText, Line, PathText, Text
from omp.domain.campaign import PRIORITY_DEFAULT, PRIORITY_FIRST, PRIORITY_LAST

Priority = Annotated[int, Field(ge=PRIORITY_FIRST, le=PRIORITY_LAST, description="1 is first")]
Tags = Annotated[list[Line], Field(max_length=50)]
Others = Annotated[
    list[Line],
    Field(max_length=32, description="campaigns, by id or name, that must have completed first"),
]
Reason = Annotated[Text | None, Field(description="why; kept in the journal for ever")]


EntryState = Literal["active", "flagged", "demoted", "quarantined", "removed"]
EntryMove = Literal["flag", "clear", "demote", "quarantine", "release", "remove"]


class MinerAction(Body):
    """What goes with start, stop, pause and resume; may be left away."""

    reason: Reason = None


class PauseAction(MinerAction):
    """What goes with pause."""

    suspend: Annotated[bool, Field(description="also checkpoint what runs, back to queued")] = False


class Copies(Body):
    """How many surrogate copies of its data a run's luck is measured on."""

    copies: Annotated[int, Field(ge=1, le=1000)] = 20


class NewCampaign(Body):
    """A campaign for the queue; `config_path` is relative to the workspace."""

    name: Line
    config_path: PathText
    priority: Priority = PRIORITY_DEFAULT
    enabled: bool = True
    repeat: bool | None = None
    tags: Tags = Field(default_factory=list)
    market: Line | None = None
    after: Others | None = None
    reason: Reason = None


class CampaignChange(Body):
    """What changes; a change of priority or order needs a reason.

    `before` puts the campaign directly before another one, or last where it is null.
    """

    priority: Priority | None = None
    enabled: bool | None = None
    repeat: bool | None = None
    tags: Tags | None = None
    name: Line | None = None
    after: Others | None = None
    before: IdText | None = None
    reason: Reason = None


class BulkChange(Body):
    """One change of several campaigns: some ids, or those with a tag, or all; all or none."""

    action: Literal["enable", "disable", "remove", "priority"]
    ids: Annotated[list[IdText], Field(max_length=10_000)] = Field(default_factory=list)
    tag: Line | None = None
    everything: bool = False
    priority: Priority | None = None
    reason: Reason = None


class WithReason(Body):
    """A reason, where one is wanted."""

    reason: Reason = None


class TurnMaintenance(WithReason):
    """Maintenance on or off; on needs a reason."""

    on: bool
    drain: Annotated[bool, Field(description="what runs may come to its end")] = False


class Approval(Body):
    """An approval of a campaign's spec card."""

    approval: Line


class NewIncident(Body):
    """Something a person saw."""

    severity: Literal["SEV-0", "SEV-1", "SEV-2"]
    summary: Text
    fingerprint: Line | None = None
    symptoms: list[Text] = Field(default_factory=list, max_length=50)
    campaigns: list[IdText] = Field(default_factory=list, max_length=50)
    runs: list[IdText] = Field(default_factory=list, max_length=50)


class NewSilence(Body):
    """A kind of incident that nobody wants to be told of for a while."""

    kind: IdText
    length: Annotated[Line, Field(description="such as 30min, 2h or 1d; 30 days at most")]
    reason: Text


class Resolution(Body):
    """How an incident ended; all three are needed to close it."""

    cause: Text
    prevention: Text
    resolution: Text = ""


class Promotion(Body):
    """Which candidate to take through the gates."""

    run_id: IdText
    candidate_id: IdText
    reason: Reason = None


class NewReview(Body):
    """A signature, or its refusal."""

    run_id: IdText
    candidate_id: IdText
    role: Literal["risk-analyst", "trader-expert"]
    decision: Literal["signed", "declined"]
    reason: Text


class Import(Body):
    """Market data to import: files that already lie in the workspace."""

    path: PathText
    name: IdText
    origin: PathText | None = None
    venue: Line | None = None
    timeframe: Line | None = None
    importer: Line | None = None
    columns: list[Line] = Field(default_factory=list, max_length=20)
    features: list[Line] = Field(default_factory=list, max_length=100)
    symbol: Line | None = None
    symbols: list[Line] = Field(default_factory=list, max_length=5000)
    separator: Line | None = None
    decimal: Literal[".", ","] | None = None
    encoding: Line | None = None
    date_format: Line | None = None
    timezone: Line | None = None
    adjust: bool = True
    actions: PathText | None = None
    fractional: bool = False
    accept: list[Line] = Field(default_factory=list, max_length=20)
    leave_out_faulty: bool = False
    repair: list[Line] = Field(default_factory=list, max_length=20)
    licence: Line | None = None


class TryRestore(WithReason):
    """Bringing a run back; with `dry_run` it is only proven that it works."""

    dry_run: bool = False


class Cleanup(Body):
    """What to clean up; nothing is deleted with `dry_run`."""

    dry_run: bool = False
    empty_trash: Annotated[bool, Field(description="delete for good, without waiting")] = False
    keep: Annotated[int | None, Field(ge=1, le=100_000)] = None
    min_free_gb: Annotated[float | None, Field(ge=0, le=1e9)] = None
