"""Campaign configurations: validated, kept under their hash when queued and again when claimed."""

from dataclasses import dataclass

from sqlalchemy import Connection

from omp.config.campaign_file import CampaignFile, parse_campaign
from omp.config.loader import read_text
from omp.domain.errors import InvalidInput
from omp.ops.desk import Desk
from omp.ops.queue_after import resolve
from omp.ops.queue_record import record
from omp.store import campaigns as rows
from omp.store.campaigns import Campaign, ConfigVersion


@dataclass(frozen=True)
class Versioned:
    """A campaign file, its text, and the hash under which that text is kept."""

    file: CampaignFile
    text: str

    @property
    def hash(self) -> str:
        return self.file.config_hash


def read(desk: Desk, config_path: str) -> Versioned:
    """Read and validate a campaign file of the workspace.

    Raises:
        UnsafePath: It lies outside the workspace.
        NotFound: There is none.
        InvalidConfiguration: With every fault.
    """
    if not config_path.strip() or "\x00" in config_path:
        raise InvalidInput(
            f"config_path {config_path!r} names no file",
            allowed="a path in the workspace, such as configs/campaigns/test.toml",
        )
    path = desk.workspace.inside(config_path, "config_path")
    text = read_text(path, "the campaign file", "put it under configs/campaigns/ and name it there")
    return Versioned(parse_campaign(text, name=path.name), text)


def keep(desk: Desk, tx: Connection, found: Versioned) -> bool:
    """Keep a configuration under its hash; says whether it is a new version."""
    return rows.keep_config(
        tx,
        ConfigVersion(
            found.hash, "campaign", found.file.campaign.name[:96], found.text, desk.clock.iso()
        ),
    )


def kept(tx: Connection, config_hash: str) -> Versioned:
    """The configuration kept under a hash."""
    version = rows.config(tx, config_hash)
    return Versioned(parse_campaign(version.text, name=version.name), version.text)


def refreshed(desk: Desk, tx: Connection, campaign: Campaign) -> Versioned:
    """The campaign's file as it is now; a changed one becomes an audited new version.

    Raises:
        NotFound: The file is gone.
        InvalidConfiguration: It has faults now; the last good version stays.
    """
    found = read(desk, campaign.config_path)
    if found.hash == campaign.config_hash:
        return found
    keep(desk, tx, found)
    now = desk.clock.iso()
    approvals = {
        name: {"config_hash": campaign.config_hash, **stamp}
        for name, stamp in campaign.approvals.items()
        if stamp
    }
    approvals["configuration_validated"] = {
        "by": desk.operator,
        "at": now,
        "config_hash": found.hash,
    }
    after = _after(tx, campaign, found)
    rows.change(
        tx, campaign.id, config_hash=found.hash, approvals=approvals, after=after, updated_at=now
    )
    desk.note(
        tx,
        "config.changed",
        campaign.id,
        {
            "what": campaign.config_path,
            "previous": campaign.config_hash,
            "new": found.hash,
        },
    )
    record(
        desk,
        tx,
        campaign.id,
        "config",
        {"config_hash": campaign.config_hash, "after": campaign.after},
        {"config_hash": found.hash, "after": after},
        reason=f"{campaign.config_path} was changed",
        impact="the next run uses the new version",
    )
    return found


def _after(tx: Connection, campaign: Campaign, found: Versioned) -> list[str]:
    """What the campaign waits for: the file's word counts where the file changed it."""
    before = kept(tx, campaign.config_hash).file.queue.after
    if found.file.queue.after == before:
        return campaign.after
    return resolve(tx, campaign.id, found.file.queue.after)
