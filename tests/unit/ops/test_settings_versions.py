"""Each distinct content of the settings is kept; each change is audited."""

import pytest

from omp.domain.errors import InvalidConfiguration
from omp.ops import incidents, settings_versions
from omp.ops.desk import Desk
from omp.store import journal


def test_a_changed_file_comes_into_force_audited(desk: Desk) -> None:
    assert not settings_versions.in_force(desk)
    assert settings_versions.reload(desk) is desk
    path = desk.workspace.config_file
    before = path.read_text()
    path.write_text("[loop]\ninterval_s = 7\n")
    fresh = settings_versions.reload(desk)
    assert fresh.settings.loop.interval_s == 7
    with desk.read() as tx:
        last = journal.records(tx, newest_first=True, limit=1)[0]
    assert last.kind == "config.changed"
    assert last.payload["changes"] == {"loop.interval_s": {"previous": 30, "new": 7}}
    diff = settings_versions.diff(desk, desk.loaded.digest, fresh.loaded.digest)
    assert "+interval_s = 7" in diff
    path.write_text(before)
    again = settings_versions.reload(fresh)
    assert again.loaded.digest == desk.loaded.digest
    assert len(settings_versions.versions(desk)) == 2


def test_a_comment_is_no_new_version(desk: Desk) -> None:
    path = desk.workspace.config_file
    path.write_text(path.read_text() + "\n# a remark\n")
    assert settings_versions.reload(desk) is desk


def test_a_faulty_file_leaves_the_settings_in_force(desk: Desk) -> None:
    desk.workspace.config_file.write_text("[loop]\ninterval_s = 'often'\n")
    with pytest.raises(InvalidConfiguration):
        settings_versions.reload(desk)
    with desk.read() as tx:
        assert settings_versions.current(tx) == desk.loaded.digest
    (incident,) = incidents.listed(desk, open_only=True)
    assert (incident.fingerprint, incident.severity) == ("config.invalid", "SEV-2")
    assert "interval_s" in incident.summary
    with pytest.raises(InvalidConfiguration):
        settings_versions.reload(desk)
    assert len(incidents.listed(desk, open_only=True)) == 1
