"""Every command: what it asks for, what it prints, how it ends."""

import inspect
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from omp.cli import face as face_room
from omp.cli import omp as command_line
from omp.cli.ops_door import VERBS
from omp.config.demo_campaigns import DEMO_CAMPAIGNS
from omp.config.settings import default_config_text
from omp.domain.errors import Conflict, Fault, InvalidConfiguration
from omp.wire.workspace import Workspace


class FakeDoor:
    """A door that keeps what it was asked and answers from a table."""

    is_live = True

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}
        self.closed = 0

    def call(self, verb: str, given: dict[str, Any]) -> Any:
        self.asked.append((verb, given))
        answer = self.answers.get(verb, {})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> FakeDoor:
    made = FakeDoor()
    monkeypatch.setattr(face_room, "open_door", lambda _: made)
    return made


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    made = Workspace(tmp_path / "ws")
    for folder in made.folders:
        folder.mkdir(parents=True, exist_ok=True)
    for folder in made.private_folders:
        folder.chmod(0o700)
    made.config_file.write_text(default_config_text())
    for demo in DEMO_CAMPAIGNS:
        (made.campaigns / demo.file_name).write_text(demo.text)
    monkeypatch.setenv("OMP_WORKSPACE", str(made.root))
    monkeypatch.setenv("NO_COLOR", "1")
    return made


def omp(*words: str) -> int:
    return command_line.run(list(words))


ASKED = [
    (["stop", "-r", "why"], "miner.stop", {"reason": "why"}),
    (["pause", "--suspend"], "miner.pause", {"suspend": True}),
    (["pause"], "miner.pause", {"suspend": False}),
    (["resume"], "miner.resume", {}),
    (["status"], "miner.status", {}),
    (["queue", "list"], "queue.list", {}),
    (["queue", "show", "camp_1"], "queue.show", {"campaign": "camp_1"}),
    (["queue", "why", "camp_1"], "queue.why", {"campaign": "camp_1"}),
    (["queue", "enable", "camp_1"], "queue.change", {"campaign": "camp_1", "enabled": True}),
    (["queue", "disable", "camp_1"], "queue.change", {"campaign": "camp_1", "enabled": False}),
    (
        ["queue", "priority", "camp_1", "2", "-r", "urgent"],
        "queue.change",
        {"campaign": "camp_1", "priority": 2, "reason": "urgent"},
    ),
    (
        ["queue", "move", "camp_1", "--before", "camp_2", "-r", "x"],
        "queue.move",
        {"campaign": "camp_1", "before": "camp_2", "reason": "x"},
    ),
    (
        ["queue", "move", "camp_1", "-r", "x"],
        "queue.move",
        {"campaign": "camp_1", "before": None, "reason": "x"},
    ),
    (
        ["queue", "priority", "camp_1", "camp_2", "2", "-r", "urgent", "--dry-run"],
        "queue.bulk",
        {
            "action": "priority",
            "ids": ["camp_1", "camp_2"],
            "priority": 2,
            "reason": "urgent",
            "dry_run": True,
        },
    ),
    (
        ["queue", "disable", "--tag", "night"],
        "queue.bulk",
        {"action": "disable", "tag": "night"},
    ),
    (["queue", "enable", "--all"], "queue.bulk", {"action": "enable", "everything": True}),
    (
        ["queue", "remove", "camp_1", "--dry-run"],
        "queue.remove",
        {"campaign": "camp_1", "dry_run": True},
    ),
    (
        ["queue", "after", "camp_1", "first", "second"],
        "queue.change",
        {"campaign": "camp_1", "after": ["first", "second"]},
    ),
    (["queue", "after", "camp_1"], "queue.change", {"campaign": "camp_1", "after": []}),
    (["queue", "lift", "camp_1", "-r", "x"], "queue.lift", {"campaign": "camp_1", "reason": "x"}),
    (["queue", "again", "camp_1"], "queue.again", {"campaign": "camp_1"}),
    (
        ["queue", "approve", "camp_1", "researcher_reviewed"],
        "queue.approve",
        {"campaign": "camp_1", "approval": "researcher_reviewed"},
    ),
    (
        ["queue", "disapprove", "camp_1", "data_ready", "-r", "x"],
        "queue.disapprove",
        {"campaign": "camp_1", "approval": "data_ready", "reason": "x"},
    ),
    (["queue", "remove", "camp_1"], "queue.remove", {"campaign": "camp_1"}),
    (["runs", "list", "-n", "3"], "runs.list", {"limit": 3}),
    (
        ["runs", "list", "-e", "demo", "--state", "failed", "--campaign", "c"],
        "runs.list",
        {"limit": 20, "environment": "demo", "state": "failed", "campaign": "c"},
    ),
    (["runs", "show", "run_1"], "runs.show", {"run": "run_1"}),
    (["runs", "candidates", "run_1"], "runs.candidates", {"run": "run_1", "limit": 20}),
    (
        ["data", "open-window", "coin", "--reason", "new days"],
        "ledger.window",
        {"lineage": "coin", "reason": "new days"},
    ),
    (
        ["maintenance", "on", "--reason", "a new disk", "--drain"],
        "maintenance.turn",
        {"on": True, "reason": "a new disk", "drain": True},
    ),
    (["maintenance", "show"], "maintenance.state", {}),
    (["runs", "funnel", "run_a"], "runs.funnel", {"run": "run_a"}),
    (["runs", "funnel", "lin_a"], "ledger.funnel", {"lineage": "lin_a"}),
    (["runs", "luck", "run_a", "--copies", "3"], "runs.luck", {"run": "run_a", "copies": 3}),
    (["runs", "refused", "run_1"], "runs.refused", {"run": "run_1", "limit": 100}),
    (["runs", "cancel", "run_1", "-r", "x"], "runs.cancel", {"run": "run_1", "reason": "x"}),
    (["hall", "list"], "hall.list", {"environment": "real"}),
    (["hall", "list", "-e", "synthetic"], "hall.list", {"environment": "synthetic"}),
    (["hall", "show", "ens_1"], "hall.show", {"entry": "ens_1"}),
    (["hall", "check"], "hall.check", {}),
    *(
        (
            ["hall", action, "ens_1", "-r", "why"],
            "hall.act",
            {"entry": "ens_1", "action": action, "reason": "why"},
        )
        for action in ("flag", "clear", "demote", "quarantine", "release", "remove")
    ),
    (["promote-check", "run_1"], "promotion.check", {"run": "run_1"}),
    (
        ["promote", "run_1", "ens_1", "-r", "why"],
        "promotion.promote",
        {"run_id": "run_1", "candidate_id": "ens_1", "reason": "why"},
    ),
    (["review", "list"], "reviews.list", {}),
    (["data", "list"], "data.list", {}),
    (["data", "sets"], "data.sets", {}),
    (["data", "show", "prices"], "data.show", {"data_set": "prices"}),
    (["data", "age"], "data.sets", {}),
    (
        ["data", "age", "prices", "--max-days", "7"],
        "data.age",
        {"data_set": "prices", "max_days": 7.0},
    ),
    (["data", "age", "prices", "--frozen"], "data.age", {"data_set": "prices", "max_days": 0.0}),
    (["data", "age", "prices", "--default"], "data.age", {"data_set": "prices"}),
    (["data", "revalidations"], "data.revalidations", {}),
    (["data", "incidents", "prices"], "data.incidents", {"data_set": "prices"}),
    (
        [
            "data",
            "incident",
            "prices",
            "--summary",
            "why",
            "--symbols",
            "A, B",
            "--to",
            "2024-05-31",
        ],
        "data.incident",
        {
            "data_set": "prices",
            "summary": "why",
            "symbols": ["A", "B"],
            "last": "2024-05-31",
            "severity": "SEV-2",
        },
    ),
    (
        ["data", "resolve", "INC-1", "--cause", "a", "--prevention", "b"],
        "incidents.resolve",
        {"incident": "INC-1", "cause": "a", "prevention": "b", "resolution": "a"},
    ),
    (
        [
            *("data", "fetch", "tiingo", "--name", "caps", "--symbols", "AAPL,IBM"),
            *("--from", "2010-01-04", "--accept", "split_jump"),
        ],
        "data.fetch",
        {
            "provider": "tiingo",
            "name": "caps",
            "symbols": ["AAPL", "IBM"],
            "first": "2010-01-04",
            "timeframe": "1d",
            "venue": "us",
            "accept": ["split_jump"],
        },
    ),
    (
        ["data", "repair", "caps", "--rule", "repeat", "--rule", "stale"],
        "data.repair",
        {
            "parent": "caps",
            "rules": ["repeat", "stale"],
            "name": "",
            "accept": [],
            "dry_run": False,
        },
    ),
    (
        ["data", "resample", "caps", "--to", "5min"],
        "data.derive",
        {"parent": "caps", "name": "caps-5min", "to": "5min", "accept": []},
    ),
    (
        ["data", "universe", "caps", "--universe", "mine", "--symbols", "AAPL,IBM"],
        "data.derive",
        {
            "parent": "caps",
            "name": "caps-mine",
            "universe": "mine",
            "symbols": ["AAPL", "IBM"],
            "accept": [],
        },
    ),
    (["hof-sync", "--check"], "hall.drift", {"repair": False}),
    (["hof-sync", "--repair"], "hall.drift", {"repair": True}),
    (["alerts", "test"], "alerts.test", {}),
    (
        ["incidents", "report", "it broke"],
        "incidents.report",
        {"summary": "it broke", "severity": "SEV-2"},
    ),
    (["incidents", "silences"], "silences.list", {}),
    (["incidents", "unsilence", "sil_1"], "silences.lift", {"silence": "sil_1"}),
    (
        ["incidents", "silence", "watchdog.disk", "--for", "2h", "--reason", "moving"],
        "silences.add",
        {"kind": "watchdog.disk", "length": "2h", "reason": "moving"},
    ),
    (["incidents", "list"], "incidents.list", {"state": "open"}),
    (["incidents", "list", "--all"], "incidents.list", {"state": "all"}),
    (["incidents", "show", "INC-1"], "incidents.show", {"incident": "INC-1"}),
    (["incidents", "ack", "INC-1"], "incidents.acknowledge", {"incident": "INC-1"}),
    (
        ["incidents", "resolve", "INC-1", "--cause", "a", "--prevention", "b", "--resolution", "c"],
        "incidents.resolve",
        {"incident": "INC-1", "cause": "a", "prevention": "b", "resolution": "c"},
    ),
    (
        ["report", "daily", "-s", "2026-01-01"],
        "reports.show",
        {"kind": "daily", "subject": "2026-01-01"},
    ),
    (["cleanup", "--empty-trash"], "retention.clean", {"dry_run": False, "empty_trash": True}),
    (["runs", "list", "--place", "archived"], "runs.list", {"limit": 20, "place": "archived"}),
    (["runs", "restore", "run_1", "--dry-run"], "runs.restore", {"run": "run_1", "dry_run": True}),
    (["runs", "restore", "run_1"], "runs.restore", {"run": "run_1", "dry_run": False}),
    (["runs", "undelete", "run_1"], "runs.undelete", {"run": "run_1"}),
    (
        ["runs", "hold", "run_1", "--reason", "a paper"],
        "runs.hold",
        {"run": "run_1", "reason": "a paper"},
    ),
    (["runs", "release", "run_1"], "runs.release", {"run": "run_1"}),
    (["cleanup", "--dry-run"], "retention.clean", {"dry_run": True}),
    (
        ["cleanup", "--keep", "3", "--min-free-gb", "2"],
        "retention.clean",
        {"dry_run": False, "keep": 3, "min_free_gb": 2.0},
    ),
    (["hof-sync"], "hall.sync", {}),
    (["backup"], "backup.make", {}),
    (["backup", "--to", "/mnt/x"], "backup.to", {"to": "/mnt/x"}),
]


@pytest.mark.parametrize(("words", "verb", "given"), ASKED, ids=lambda one: str(one)[:40])
def test_a_command_asks_for_its_verb(
    words: list[str], verb: str, given: dict[str, Any], door: FakeDoor, workspace: Workspace
) -> None:
    assert omp(*words) == 0
    assert door.asked == [(verb, given)]
    assert door.closed == 1


@pytest.mark.parametrize(("words", "verb", "given"), ASKED, ids=lambda one: str(one)[:40])
def test_json_is_the_data_and_nothing_else(
    words: list[str],
    verb: str,
    given: dict[str, Any],
    door: FakeDoor,
    workspace: Workspace,
    capsys: pytest.CaptureFixture[str],
) -> None:
    door.answers[verb] = {"items": [], "ünïcode": "☃", "n": 1}
    assert omp(*words, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["n"] == 1


@pytest.mark.parametrize(("words", "verb", "given"), ASKED, ids=lambda one: str(one)[:40])
def test_the_desk_takes_what_a_command_gives(
    words: list[str], verb: str, given: dict[str, Any]
) -> None:
    row = VERBS[verb]
    desk = SimpleNamespace(workspace=None)
    placed, named = row.arguments(desk, given)  # type: ignore[arg-type]
    inspect.signature(row.does).bind(desk, *placed, **named)


def test_every_verb_is_asked_for_by_a_command() -> None:
    asked = {verb for _, verb, _ in ASKED}
    elsewhere = {"miner.start", "queue.add", "reviews.sign", "data.import", "data.check"}
    elsewhere |= {"data.update", "data.judge"}
    assert set(VERBS) == asked | elsewhere | {"hall.replay"}


def test_an_update_reads_where_the_data_came_from(
    door: FakeDoor, workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    remembered = tmp_path / "prices.csv"
    door.answers["data.show"] = {"view": {"source": {"kind": "import", "path": str(remembered)}}}
    assert omp("data", "update", "prices") == 2
    assert "omp data update prices PATH" in capsys.readouterr().err
    remembered.write_text("bars")
    assert omp("data", "update", "prices") == 0
    verb, asked = door.asked[-1]
    assert (verb, asked["origin"]) == ("data.update", str(remembered))
    assert Path(asked["path"]).is_relative_to(workspace.root)  # a daemon is lent a copy
    door.answers["data.show"] = {"view": {"source": {"kind": "fetch", "provider": "tiingo"}}}
    assert omp("data", "update", "prices") == 0
    assert door.asked[-1] == ("data.update", {"data_set": "prices"})


def test_data_are_judged_anew_where_more_is_known_of_them(
    door: FakeDoor, workspace: Workspace, tmp_path: Path
) -> None:
    door.answers["data.check"] = {"readiness": {"ready": True}}
    assert omp("data", "check", "caps") == 0
    assert [verb for verb, _ in door.asked] == ["data.check"]
    listed = tmp_path / "sp500.csv"
    assert omp("data", "check", "caps", "--membership", str(listed)) == 2
    listed.write_text("ticker,start_date,end_date")
    door.answers["data.judge"] = {"readiness": {"ready": False}}
    words = ("data", "check", "caps", "--membership", str(listed), "--max-age-days", "30")
    assert omp(*words) == 3
    verb, asked = door.asked[-1]
    assert (verb, asked["universe"], asked["max_age_days"]) == ("data.judge", "sp500", 30.0)
    assert Path(asked["membership"]).is_relative_to(workspace.root)


def test_a_limit_of_age_is_one_limit(door: FakeDoor, workspace: Workspace) -> None:
    assert omp("data", "age", "prices", "--frozen", "--default") == 2
    assert omp("data", "age", "--max-days", "3") == 2
    assert door.asked == []


def test_a_refusal_is_one_sentence_and_its_exit_code(
    door: FakeDoor, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    door.answers["miner.stop"] = Conflict("asked", allowed="this", remedy="that")
    assert omp("stop") == Conflict.exit_code
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "omp: asked. Allowed: this. What to do: that.\n"
    assert door.closed == 1


def test_faults_are_listed_one_a_line(
    door: FakeDoor, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = (Fault("a.b (line 2)", "bad"), Fault("c", "worse", "good"))
    door.answers["miner.stop"] = InvalidConfiguration("x.toml", faults=faults, remedy="mend it")
    assert omp("stop") == 2
    assert capsys.readouterr().err.splitlines() == [
        "omp: x.toml:",
        "  - a.b (line 2): bad",
        "  - c: worse (allowed: good)",
        "What to do: mend it.",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["statu"],
        ["queue", "priority", "c", "11", "-r", "x"],
        ["queue", "priority", "c", "2"],
        ["hall", "remove", "x"],
        ["runs", "list", "-e", "mars"],
        ["incidents", "resolve", "INC-1"],
        ["status", "--what"],
    ],
)
def test_wrong_use_exits_with_two(
    words: list[str], door: FakeDoor, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert omp(*words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err
    assert door.asked == []


def test_ctrl_c_exits_with_130(
    door: FakeDoor, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    door.call = interrupted  # type: ignore[method-assign, assignment]
    assert omp("status") == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_full_disk_is_one_sentence(
    door: FakeDoor, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    import errno

    door.answers["miner.status"] = OSError(errno.ENOSPC, "No space left on device", "/x/y")
    assert omp("status") == 4
    err = capsys.readouterr().err
    assert "the disk is full" in err
    assert "Traceback" not in err


def test_a_campaign_is_added_under_its_own_name(door: FakeDoor, workspace: Workspace) -> None:
    door.answers["queue.add"] = {"id": "camp_1", "name": "Test"}
    assert omp("queue", "add", "configs/campaigns/test.toml", "--tag", "a", "--tag", "b") == 0
    (verb, given) = door.asked[0]
    assert verb == "queue.add"
    assert given == {
        "name": "Test",
        "config_path": "configs/campaigns/test.toml",
        "priority": 5,
        "tags": ["a", "b"],
    }


def test_a_campaign_may_be_named_from_where_one_stands(
    door: FakeDoor, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace.campaigns)
    assert omp("queue", "add", "test.toml", "--disabled", "--repeat", "--key", "k") == 0
    given = door.asked[0][1]
    assert given["config_path"] == "configs/campaigns/test.toml"
    assert (given["enabled"], given["repeat"], given["idempotency_key"]) == (False, True, "k")


def test_a_campaign_outside_the_workspace_is_refused(
    door: FakeDoor, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace.root.parent / "evil.toml").write_text(DEMO_CAMPAIGNS[0].text)
    assert omp("queue", "add", "../evil.toml") == 2
    assert "outside the workspace" in capsys.readouterr().err
    assert door.asked == []


def test_a_signature_carries_role_decision_and_reason(door: FakeDoor, workspace: Workspace) -> None:
    omp("review", "decline", "run_1", "ens_1", "--role", "trader-expert", "-r", "too fast")
    verb, given = door.asked[0]
    assert verb == "reviews.sign"
    assert given["role"] == "trader-expert"
    assert given["decision"] == "declined"
    assert given["reason"] == "too fast"


def test_the_status_says_what_runs(
    door: FakeDoor, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    door.answers["miner.status"] = {
        "status": "running",
        "wanted": "running",
        "resources": {"cpuUtilPct": 12.3, "memAvailableMb": 2048.0, "diskFreeGb": 55.5},
        "currentRuns": [
            {
                "id": "run_1",
                "campaign": "Trend",
                "stage": "mine",
                "generation": 3,
                "generations": 10,
                "bestSharpe": 1.234,
                "trials": 2500,
                "etaS": 75,
            }
        ],
        "queueDepth": 2,
        "activityLog": [
            {"timestamp": "2026-01-02T03:04:05Z", "subject": "run_1", "message": "a run was queued"}
        ],
        "lastIncident": None,
        "blocked": ["memory is short"],
    }
    assert omp("status") == 0
    said = capsys.readouterr().out
    for word in ("running", "12 %", "2048 MB", "55.5 GB", "Trend", "3/10", "1.23", "1 min 15 s"):
        assert word in said
    assert "memory is short" in said
    assert "2026-01-02 03:04:05  run_1" in said


def test_a_broken_hall_exits_with_seven(door: FakeDoor, workspace: Workspace) -> None:
    door.answers["hall.check"] = {"issues": ["ens_1: trades.csv was changed"]}
    assert omp("hall", "check") == 7
    door.answers["hall.check"] = {"issues": []}
    assert omp("hall", "check") == 0


def test_data_that_are_not_ready_exit_with_three(
    door: FakeDoor, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = [{"rule": "gap", "symbol": "X"}]
    door.answers["data.check"] = {"readiness": {"ready": None, "faults": faults}}
    assert omp("data", "check", "mine") == 3
    assert "gap" in capsys.readouterr().out
    door.answers["data.check"] = {"readiness": {"ready": True, "faults": []}}
    assert omp("data", "check", "mine") == 0


def test_the_logs_of_a_run_are_told(
    door: FakeDoor, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workspace.run("run_1")
    folder.mkdir(parents=True)
    (folder / "events.ndjson").write_text(
        '{"event": "start", "ts": "2026-01-02T03:04:05Z", "seed": 1}\nnot json\n'
    )
    (folder / "stderr.log").write_text("one\ntwo\x1b[2J\nthree\n")
    assert omp("runs", "logs", "run_1") == 0
    assert "2026-01-02 03:04:05  start      seed=1" in capsys.readouterr().out
    assert omp("runs", "logs", "run_1", "--stderr", "-n", "2") == 0
    assert capsys.readouterr().out == "two?[2J\nthree\n"
    assert omp("runs", "logs", "run_1", "--json") == 0
    assert json.loads(capsys.readouterr().out)[1]["event"] == "unreadable"
    assert omp("runs", "logs", "run_2") == 2
    assert omp("runs", "logs", "../x") == 2


def test_the_configuration_is_checked_without_a_daemon(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert omp("config", "check") == 0
    (workspace.campaigns / "bad.toml").write_text('[campaign]\nnam = "x"\n')
    assert omp("config", "check") == 2
    said = capsys.readouterr().out
    assert "did you mean 'name'" in said
    assert "every file can be used" in said.split("bad.toml")[0]


def test_every_value_is_shown_with_its_origin(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.config_file.write_text("[loop]\ninterval_s = 5\n")
    assert omp("config", "show", "--json") == 0
    values = json.loads(capsys.readouterr().out)["values"]
    assert values["loop.interval_s"] == {"value": 5.0, "origin": "file:2"}
    assert values["api.port"] == {"value": 3001, "origin": "default"}


def test_the_doctor_names_what_is_wrong(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.keys.chmod(0o755)
    workspace.config_file.write_text("[loop]\nintervall_s = 5\n")
    assert omp("doctor", "--json") == 1
    checks = {one["name"]: one for one in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["python"]["ok"]
    assert checks["packages"]["ok"]
    assert not checks["secrets"]["ok"]
    assert "interval_s" in checks["omp_config.toml"]["detail"]


def test_a_dead_daemon_is_not_healthy(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert omp("health", "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert said["checks"][0]["name"] == "daemon"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert omp("--version") == 0
    assert capsys.readouterr().out.startswith("omp 0.")


def test_calibrate_needs_a_market(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert omp("calibrate", "--json", str(tmp_path / "x.json")) == 2
    assert "no market" in capsys.readouterr().err


def test_another_system_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(SystemExit) as caught:
        command_line.main()
    assert caught.value.code == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_a_refusal_names_its_gate_and_why(
    door: FakeDoor, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = {
        "gate": "pbo",
        "outcome": "reject",
        "value": 0.5,
        "bar": 0.2,
        "sentence": "too lucky",
    }
    door.answers["runs.refused"] = {
        "items": [
            {"candidate": {"candidate_id": "cand_1", "outcome": "reject"}, "verdict": stopped},
            {"candidate": {"candidate_id": "ens_1", "outcome": "promoted"}, "verdict": None},
        ]
    }
    assert omp("runs", "refused", "run_1") == 0
    said = capsys.readouterr().out
    assert "cand_1" in said
    assert "ens_1" not in said
    for word in ("pbo", "0.5000", "0.2000", "too lucky"):
        assert word in said


def test_the_kinds_of_reports_are_those_there_are() -> None:
    from omp.cli.upkeep_commands import KINDS
    from omp.ops.cards import CARDS

    assert tuple(CARDS) == KINDS


def test_calibrate_passes_every_option_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from omp.lab import calibrate as lab

    given: dict[str, Any] = {}
    known = inspect.signature(lab.calibrate)
    monkeypatch.setattr(lab, "calibrate", lambda **words: given.update(words))
    out = tmp_path / "x.json"
    words = ["--null", "2", "--dial", "1", "--dial", "2", "--json", str(out), "--symbols", "5"]
    assert omp("calibrate", *words) == 0
    known.bind(**given)
    assert set(given) == set(known.parameters)
    assert given["dial"] == [1.0, 2.0]
    assert (given["null"], given["symbols"], given["json_path"]) == (2, 5, out)
    assert capsys.readouterr().out.strip() == str(out)


@pytest.mark.parametrize("option", ["--workspace", "-w"])
def test_the_workspace_may_be_named_before_the_command(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    def open_door(found: Workspace) -> FakeDoor:
        opened.append(found.root)
        return FakeDoor()

    monkeypatch.setattr(face_room, "open_door", open_door)
    monkeypatch.setenv("OMP_WORKSPACE", str(tmp_path / "usual"))
    assert omp(option, str(tmp_path / "named"), "queue", "list") == 0
    assert omp("queue", "list") == 0
    assert omp(option, str(tmp_path / "named"), "queue", "list", "-w", str(tmp_path / "own")) == 0
    assert [one.name for one in opened] == ["named", "usual", "own"]
