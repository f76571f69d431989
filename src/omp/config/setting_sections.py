"""The tables of `omp_config.toml`: defaults, ranges, units, meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from omp.config.gate_bars import GateBars, default_gates
from omp.config.loader import Convert, Refusal, Rule, texts
from omp.domain import quiet_hours


@dataclass(frozen=True)
class Loop:
    interval_s: float = 30.0


@dataclass(frozen=True)
class Limits:
    max_cpu_util_pct: float = 85.0
    min_mem_available_mb: float = 400.0
    min_disk_free_gb: float = 1.0
    warn_disk_free_gb: float = 2.0
    max_concurrent_campaigns: int = 1
    max_unjudged_runs: int = 20
    max_run_disk_gb: float = 10.0
    stuck_after_min: float = 10.0
    error_burst: int = 3
    error_window_min: float = 60.0


@dataclass(frozen=True)
class Holdout:
    sealed_fraction: float = 0.3
    min_bars: int = 250
    alpha: float = 0.05
    min_dsr: float = 0.5
    twin_correlation: float = 0.9
    record_correlation: float = 0.5
    spending: Literal["fixed", "recycling"] = "fixed"
    subject: Literal["ensemble", "champion"] = "ensemble"
    max_members: int = 10
    member_correlation: float = 0.7


@dataclass(frozen=True)
class Data:
    max_age_days: float = 45.0
    max_age_days_intraday: float = 45.0
    on_changed_history: Literal["incident", "revalidate"] = "incident"


@dataclass(frozen=True)
class Canary:
    every_n_runs: int = 20


@dataclass(frozen=True)
class Luck:
    copies: int = 20
    most_min: float = 10.0


@dataclass(frozen=True)
class Review:
    policy: Literal["auto", "manual"] = "auto"


@dataclass(frozen=True)
class Retention:
    keep_runs: int = 5
    max_output_gb: float = 20.0
    compress_after_days: float = 7.0
    archive_after_days: float = 30.0
    archive_dir: str = ""
    archive_check_h: float = 24.0
    trash_hours: float = 24.0
    log_days: float = 30.0
    keep_made_markets: int = 20


@dataclass(frozen=True)
class Store:
    url: str = ""
    scrub_every_h: float = 24.0


@dataclass(frozen=True)
class Backup:
    every_h: float = 24.0
    keep: int = 7


@dataclass(frozen=True)
class Sync:
    url_env: str = "NEON_DATABASE_URL"


@dataclass(frozen=True)
class Alerts:
    urls_env: str = "OMP_ALERT_URLS"
    urls: tuple[str, ...] = ()
    min_severity: Literal["SEV-0", "SEV-1", "SEV-2"] = "SEV-1"
    budget_per_hour: int = 10


@dataclass(frozen=True)
class Executor:
    kind: Literal["local"] = "local"


@dataclass(frozen=True)
class Api:
    host: str = "127.0.0.1"
    port: int = 3001
    auth: Literal["local", "token"] = "local"


@dataclass(frozen=True)
class Approval:
    required: bool = False


@dataclass(frozen=True)
class Queue:
    quiet_hours: tuple[str, ...] = ()
    tag_limits: Mapping[str, int] = field(default_factory=dict)
    retries: int = 0
    retry_delay_s: float = 30.0


@dataclass(frozen=True)
class Settings:
    """Every setting in force, one member a table of the file."""

    loop: Loop = field(default_factory=Loop)
    limits: Limits = field(default_factory=Limits)
    gates: Mapping[str, GateBars] = field(default_factory=default_gates)
    holdout: Holdout = field(default_factory=Holdout)
    data: Data = field(default_factory=Data)
    canary: Canary = field(default_factory=Canary)
    luck: Luck = field(default_factory=Luck)
    review: Review = field(default_factory=Review)
    retention: Retention = field(default_factory=Retention)
    store: Store = field(default_factory=Store)
    backup: Backup = field(default_factory=Backup)
    sync: Sync = field(default_factory=Sync)
    alerts: Alerts = field(default_factory=Alerts)
    executor: Executor = field(default_factory=Executor)
    api: Api = field(default_factory=Api)
    approval: Approval = field(default_factory=Approval)
    queue: Queue = field(default_factory=Queue)


RULES: Mapping[str, Rule] = {
    "loop.interval_s": Rule(
        0.1, 3600, "seconds", about="the loop wakes at least this often; events wake it at once"
    ),
    "limits.max_cpu_util_pct": Rule(
        1, 100, "percent", about="above it, by others than our runs, no run starts"
    ),
    "limits.min_mem_available_mb": Rule(0, unit="MB", about="below it no run starts"),
    "limits.min_disk_free_gb": Rule(0, unit="GB", about="below it mining stops"),
    "limits.warn_disk_free_gb": Rule(0, unit="GB", about="below it old runs are cleaned up"),
    "limits.max_concurrent_campaigns": Rule(1, 256, "runs", about="runs at the same time"),
    "limits.max_unjudged_runs": Rule(
        1,
        1000,
        "runs",
        about="while more finished runs wait to be judged, no run starts",
    ),
    "limits.max_run_disk_gb": Rule(
        0.01, unit="GB", about="a run that has written more is ended and fails"
    ),
    "limits.stuck_after_min": Rule(
        0.05, 1440, "minutes", about="a run without progress for so long is ended"
    ),
    "limits.error_burst": Rule(1, 1000, "failures", about="so many within the window pause mining"),
    "limits.error_window_min": Rule(1, 10080, "minutes", about="the window of error_burst"),
    "holdout.sealed_fraction": Rule(
        0.1, 0.5, "of the bars", about="the last part of every lineage that mining never sees"
    ),
    "holdout.min_bars": Rule(30, unit="bars", about="a sealed window opens with at least so many"),
    "holdout.alpha": Rule(
        above=0, high=0.2, unit="error probability", about="error level of a window for life"
    ),
    "holdout.min_dsr": Rule(0, 1, "probability", about="DSR a subject needs to be looked at"),
    "holdout.twin_correlation": Rule(
        0, 1, "correlation", about="positions more alike than this are a twin: no look"
    ),
    "holdout.record_correlation": Rule(
        0,
        1,
        "correlation",
        about="from here on a subject must beat the earlier one",
    ),
    "holdout.spending": Rule(about="how the error level is spent look by look"),
    "holdout.subject": Rule(about="what a run offers to the look"),
    "holdout.max_members": Rule(1, 100, "candidates", about="members of an ensemble at most"),
    "holdout.member_correlation": Rule(
        0, 1, "correlation", about="members of an ensemble are less alike than this"
    ),
    "data.max_age_days": Rule(
        0, 36_500, "days", about="daily data not imported or updated for so long wait; 0 never"
    ),
    "data.max_age_days_intraday": Rule(
        0, 36_500, "days", about="the same for bars shorter than a day; 0 never"
    ),
    "data.on_changed_history": Rule(
        about="an update changes bars that were there: open a data incident, or only re-validate"
    ),
    "canary.every_n_runs": Rule(
        0, 100_000, "runs", about="a noise market is mined after so many runs; 0 never"
    ),
    "luck.copies": Rule(
        0,
        1000,
        "copies",
        about="a lineage's luck is measured on so many copies of its data; 0 never",
    ),
    "luck.most_min": Rule(
        0.1, 1440, "minutes", about="fewer copies where they would take longer, none below five"
    ),
    "review.policy": Rule(about="who signs as risk analyst: the panel itself, or a person"),
    "retention.keep_runs": Rule(1, 100_000, "runs", about="the most recent runs stay whole"),
    "retention.max_output_gb": Rule(
        0.1, 1_000_000, "GB", about="while run directories weigh more, the oldest go"
    ),
    "retention.compress_after_days": Rule(
        0, 100_000, "days", about="older runs are compressed; 0 never"
    ),
    "retention.archive_after_days": Rule(
        0, 100_000, "days", about="older runs move into archive_dir; 0 never"
    ),
    "retention.archive_dir": Rule(
        about="the archive: archive, or a folder on another disk; empty: nothing is archived"
    ),
    "retention.archive_check_h": Rule(
        0, 8760, "hours", about="so often archived runs are restored on trial; 0 never"
    ),
    "retention.trash_hours": Rule(
        0, 8760, "hours", about="what is deleted lies in the trash so long; 0 not at all"
    ),
    "retention.log_days": Rule(1, unit="days", about="logs are kept so long"),
    "retention.keep_made_markets": Rule(
        1,
        100_000,
        "markets",
        about="so many of the latest markets that a seed made keep their bars",
    ),
    "store.url": Rule(about="a SQLAlchemy URL; empty: state/omp.db in the workspace"),
    "store.scrub_every_h": Rule(
        0, 8760, "hours", about="so often every row, file and snapshot is proven; 0 never"
    ),
    "backup.every_h": Rule(
        0, 8760, "hours", about="so often the workspace is backed up into backups/; 0 never"
    ),
    "backup.keep": Rule(1, 1000, "backups", about="so many of the latest backups stay"),
    "sync.url_env": Rule(
        1, 100, "characters", about="environment variable that holds the PostgreSQL URL"
    ),
    "alerts.urls_env": Rule(
        1, 100, "characters", about="environment variable with addresses of apprise, blanks between"
    ),
    "alerts.urls": Rule(about="further addresses; those with a password belong in the environment"),
    "alerts.min_severity": Rule(about="the mildest incidents that people are told of"),
    "alerts.budget_per_hour": Rule(
        1, 1000, "messages", about="beyond it alerts are gathered in one digest"
    ),
    "executor.kind": Rule(about="where runs are executed"),
    "api.host": Rule(1, 253, "characters", about="address to listen on"),
    "api.port": Rule(0, 65535, about="port to listen on; 0 takes a free one"),
    "api.auth": Rule(about="local: loopback clients need no token; token: everybody does"),
    "approval.required": Rule(about="a campaign runs only once its spec card is approved"),
    "queue.quiet_hours": Rule(
        about='nothing new starts then; a list of "[mon-fri ]HH:MM-HH:MM ZONE"'
    ),
    "queue.tag_limits": Rule(
        about="tag = how many runs of campaigns with it may go at the same time"
    ),
    "queue.retries": Rule(
        0, 100, "runs", about="a failed campaign that does not repeat is tried again so often"
    ),
    "queue.retry_delay_s": Rule(
        0, 86_400, "seconds", about="pause before the first retry; it doubles with each failure"
    ),
}
"""Dotted path -> range, unit and meaning; the reference page and the new file are made from it."""


def _quiet_hours(raw: object) -> tuple[str, ...]:
    read = texts(raw)
    for one in read:
        try:
            quiet_hours.parse(one)
        except ValueError as error:
            raise Refusal(str(error), quiet_hours.ALLOWED) from None
    return read


def _tag_limits(raw: object) -> dict[str, int]:
    allowed = "a table such as heavy = 1; a limit is 0 to 256"
    if not isinstance(raw, Mapping):
        raise Refusal(f"{raw!r} is not a table", allowed)
    for tag, limit in raw.items():
        if type(limit) is not int or not 0 <= limit <= 256 or not 0 < len(tag) <= 64:
            raise Refusal(f"{tag} = {limit!r} is no limit of a tag", allowed)
    return dict(raw)


CONVERTS: Mapping[str, Convert] = {
    "queue.quiet_hours": _quiet_hours,
    "queue.tag_limits": _tag_limits,
}
"""Dotted path -> converter of the values that are no plain scalars."""
