"""The configuration file: defaults, strictness, origins."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omp.config.gate_bars import GATES, GateBars, GateTable
from omp.config.loader import Rule
from omp.config.setting_sections import RULES
from omp.config.settings import (
    Settings,
    as_mapping,
    default_config_text,
    flat,
    load_settings,
    parse_settings,
)
from omp.domain.errors import InvalidConfiguration, NotFound


def faults_of(text: str) -> dict[str, str]:
    with pytest.raises(InvalidConfiguration) as caught:
        parse_settings(text)
    return {fault.path.split(" (")[0]: str(fault) for fault in caught.value.faults}


def test_the_new_file_parses_to_the_defaults() -> None:
    loaded = parse_settings(default_config_text())
    assert loaded.settings == Settings()
    assert loaded.digest == parse_settings("").digest
    assert all(origin.startswith("file:") for origin in loaded.origins.values())


def test_the_new_file_states_every_key_there_is() -> None:
    stated = set(flat(tomllib.loads(default_config_text())))
    assert stated == set(flat(as_mapping(Settings())))


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = Settings()
    assert settings.loop.interval_s == 30
    assert settings.limits.max_cpu_util_pct == 85
    assert settings.limits.min_mem_available_mb == 400
    assert (settings.limits.min_disk_free_gb, settings.limits.warn_disk_free_gb) == (1.0, 2.0)
    assert settings.limits.max_concurrent_campaigns == 1
    assert (settings.limits.error_burst, settings.limits.error_window_min) == (3, 60)
    assert settings.holdout.min_dsr == 0.5
    assert settings.review.policy == "auto"
    assert settings.retention.keep_runs == 5
    assert (settings.api.host, settings.api.port, settings.api.auth) == ("127.0.0.1", 3001, "local")
    assert settings.sync.url_env == "NEON_DATABASE_URL"
    assert settings.approval.required is False


def test_the_bars_are_those_of_the_evidence() -> None:
    gates = Settings().gates
    loss = {"max_loss": 0.30}
    assert gates["pbo"] == GateBars(reject=0.40, promote=0.20, keep=0.30, options=loss)
    assert gates["dsr"] == GateBars(promote=0.4, keep=0.4)
    assert gates["oos_sharpe"] == GateBars(reject=0.2, promote=0.5, keep=0.3)
    assert gates["max_drawdown"].reject == 0.50
    assert gates["max_drawdown"].promote == 0.30
    assert gates["trades_oos"].reject == 10
    assert gates["variance_sanity"].reject == 1e-6
    assert gates["execution"].options == {"max_turnover_annual": 50.0}
    assert gates["stress"].options["mandatory"] == ["costs_x2", "delay_one_bar"]
    assert len(gates) == 15


def test_every_fault_is_listed_with_its_path_and_line() -> None:
    text = "[limits]\nerror_burst = 1.5\nmin_disk_free_gb = -1\n\n[api]\nport = 99999\n"
    faults = faults_of(text)
    assert set(faults) == {"limits.error_burst", "limits.min_disk_free_gb", "api.port"}
    assert "(line 2)" in faults["limits.error_burst"]
    assert "(line 6)" in faults["api.port"]
    assert "0 to 65535" in faults["api.port"]


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("[limit]\n", "limit", "did you mean 'limits'"),
        ("[limits]\nmax_cpu_utilpct = 3\n", "limits.max_cpu_utilpct", "max_cpu_util_pct"),
        ("[gates.dsrr]\n", "gates.dsrr", "did you mean 'dsr'"),
        ("[gates.look]\npromote = 0.1\n", "gates.look.promote", "unknown key"),
        ("[gates.pbo]\npromote = 1.5\n", "gates.pbo.promote", "0 to 1"),
        ("[gates.pbo]\npromote = 0.5\n", "gates.pbo", "easier than reject"),
        ("[gates.oos_sharpe]\npromote = 0.1\n", "gates.oos_sharpe", "easier than reject"),
        ("[gates.stress]\nmandatory = 'x'\n", "gates.stress.mandatory", "not a list"),
        ("[gates.stress]\nmin_passed = 1.5\n", "gates.stress.min_passed", "whole number"),
        ("gates = 3\n", "gates", "not a table"),
        ("[gates]\npbo = 3\n", "gates.pbo", "not a table"),
        ("limits = 3\n", "limits", "not a table"),
        ("[limits]\nstuck_after_min = nan\n", "limits.stuck_after_min", "not a number"),
        ("[limits]\nstuck_after_min = true\n", "limits.stuck_after_min", "not a number"),
        ("[holdout]\nspending = 'lond'\n", "holdout.spending", "'recycling'"),
        ("[holdout]\nalpha = 0\n", "holdout.alpha", "more than 0"),
        ("[executor]\nkind = 'ray'\n", "executor.kind", "'local'"),
        ("[limits]\nwarn_disk_free_gb = 0.5\n", "limits.warn_disk_free_gb", "warn after the stop"),
        ("[limits\n", "line 1", "not valid TOML"),
    ],
)
def test_a_fault_names_its_key_and_what_is_allowed(text: str, path: str, says: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        parse_settings(text)
    assert any(fault.path.split(" (")[0] == path for fault in caught.value.faults)
    assert says in caught.value.sentence


def test_origins_tell_the_file_from_the_default() -> None:
    loaded = parse_settings("[loop]\n\ninterval_s = 5\n[gates.pbo]\npromote = 0.1\n")
    assert loaded.settings.loop.interval_s == 5.0
    bars = loaded.settings.gates["pbo"]
    assert (bars.reject, bars.promote, bars.keep) == (0.40, 0.1, 0.30)
    assert loaded.origins["gates.pbo.max_loss"] == "default"
    assert loaded.origins["loop.interval_s"] == "file:3"
    assert loaded.origins["gates.pbo.promote"] == "file:5"
    assert loaded.origins["gates.pbo.reject"] == "default"


def test_the_digest_follows_the_content_and_not_the_comments() -> None:
    first = parse_settings("[loop]\ninterval_s = 5\n")
    assert parse_settings("# note\n[loop]\ninterval_s = 5.0 # five\n").digest == first.digest
    assert parse_settings("[loop]\ninterval_s = 6\n").digest != first.digest


def test_the_order_of_gates_is_not_the_order_of_the_file() -> None:
    loaded = parse_settings("[gates.review]\n[gates.completeness]\n")
    assert list(loaded.settings.gates) == list(GATES)


def test_a_plugin_gate_brings_its_own_table() -> None:
    table = GateTable(GateBars(promote=1.0), "liquidity", ranges={"promote": Rule(0, 9)})
    text = "[gates.liquidity]\npromote = 2\n"
    loaded = parse_settings(text, extra_gates={"liquidity": table})
    assert loaded.settings.gates["liquidity"].promote == 2.0
    assert list(loaded.settings.gates)[-1] == "liquidity"
    assert "liquidity" in str(faults_of(text))


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="omp init"):
        load_settings(tmp_path / "omp_config.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "omp_config.toml"
    path.write_bytes(b"\xff\xfe[loop]")
    with pytest.raises(InvalidConfiguration, match="UTF-8"):
        load_settings(path)
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(InvalidConfiguration, match="larger"):
        load_settings(path)


def test_every_scalar_key_has_its_row_of_rules() -> None:
    keys = {key for key in flat(as_mapping(Settings())) if not key.startswith("gates.")}
    assert keys == set(RULES) - {"queue.tag_limits"}  # a table of the user's own keys
    assert all(rule.about for rule in RULES.values())


@given(st.text(max_size=200))
def test_no_text_is_read_by_accident(text: str) -> None:
    try:
        loaded = parse_settings(text)
    except InvalidConfiguration:
        return
    if text.strip() == "":
        assert loaded.settings == Settings()


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers() | st.booleans())
def test_a_probability_is_taken_in_its_range_alone(value: float) -> None:
    written = str(value).lower()
    text = f"[holdout]\nmin_dsr = {written}\n"
    if not isinstance(value, bool) and 0 <= value <= 1:
        expected = replace(Settings().holdout, min_dsr=float(value))
        assert parse_settings(text).settings.holdout == expected
    else:
        assert "holdout.min_dsr" in faults_of(text)


def test_when_runs_start_is_read_with_its_tags() -> None:
    text = """
[queue]
quiet_hours = ["mon-fri 08:30-18:00 America/Sao_Paulo"]
retries = 2
[queue.tag_limits]
heavy = 1
"""
    found = parse_settings(text)
    assert found.settings.queue.tag_limits == {"heavy": 1}
    assert found.settings.queue.quiet_hours == ("mon-fri 08:30-18:00 America/Sao_Paulo",)
    assert found.origins["queue.tag_limits.heavy"] == "file:6"
    braces = parse_settings("[queue]\ntag_limits = { heavy = 1 }\n")
    assert braces.origins["queue.tag_limits.heavy"] == "file:2"


@pytest.mark.parametrize(
    "text",
    [
        'quiet_hours = ["08:30-18:00"]',
        'quiet_hours = ["08:30-18:00 Mars/Olympus"]',
        'quiet_hours = ["25:00-26:00 Europe/Madrid"]',
        'quiet_hours = ["08:00-08:00 Europe/Madrid"]',
        'quiet_hours = ["mox 08:00-09:00 Europe/Madrid"]',
        "tag_limits = 3",
        "tag_limits = { heavy = -1 }",
        "retries = -1",
    ],
)
def test_what_says_no_time_and_no_limit_is_refused(text: str) -> None:
    with pytest.raises(InvalidConfiguration, match=r"queue\."):
        parse_settings(f"[queue]\n{text}\n")
