"""The catalog: exact round trips, one digest per content, and no damaged byte is ever read."""

import errno
import json
import stat
from pathlib import Path

import blake3
import numpy as np
import pytest

from omp.domain.errors import Damaged, DataNotReady, DiskRefused, InvalidInput, NotFound
from omp.market.bars import FIELDS, Bars, Panel, make_panel
from omp.market.catalog import Catalog, Source
from omp.market.certificate import Certificate
from omp.market.splits import boundary_index, iso, parse_iso
from omp.market.venues.base import DAY_NS

SOURCE = Source(importer="test", path_name="made.csv")


def same(one: Panel, other: Panel) -> bool:
    columns = ("timestamp", *FIELDS)
    return (
        one.symbols == other.symbols
        and bool((one.timestamp == other.timestamp).all())
        and bool((one.cash == other.cash).all())
        and all(
            np.array_equal(getattr(a, name), getattr(b, name))
            for a, b in zip(one.bars, other.bars, strict=True)
            for name in columns
        )
    )


def test_both_parts_come_back_exactly_and_meet_at_the_boundary(made, published) -> None:
    panel = made(("AAA", "BBB"))
    catalog, found = published(panel)
    cut = int(panel.timestamp[boundary_index(1000, 0.3)])
    assert found.boundary == iso(cut)
    mining, sealed = catalog.open_mining("made"), catalog.open_sealed(found.digest[:8])
    assert same(mining, panel.window(0, cut - 1))
    assert same(sealed, panel.window(cut, int(panel.timestamp[-1])))
    assert len(mining) == 700
    assert len(sealed) == 300
    assert found.manifest["rows"] == 1400
    assert found.manifest["rows_sealed"] == 600


def test_cash_is_kept(made, published) -> None:
    plain = made()
    cash = np.linspace(0, 0.001, len(plain))
    panel = make_panel(plain.bars, "1d", "synthetic", 252.0, cash)
    catalog, _ = published(panel)
    assert (catalog.open_mining("made").cash == cash[:700]).all()
    assert (catalog.open_sealed("made").cash == cash[700:]).all()


def test_the_sealed_part_lies_apart_and_only_its_owner_may_enter(made, published, tmp_path) -> None:
    _, found = published(made())
    sealed = tmp_path / "state" / "sealed"
    assert stat.S_IMODE(sealed.stat().st_mode) == 0o700
    assert stat.S_IMODE((sealed / found.digest).stat().st_mode) == 0o700
    for file in (sealed / found.digest).iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    names = {path.name for path in found.path.iterdir()}
    assert names == {"manifest.json", "bars.parquet", "readiness.json", "calendar.json"}


def test_no_sealed_value_stands_in_the_mining_folder(made, published) -> None:
    import polars as pl

    _, found = published(made())
    frame = pl.read_parquet(found.path / "bars.parquet")
    assert iso(int(frame["timestamp"].max())) < found.boundary


def test_the_same_content_has_the_same_digest_in_any_workspace(made, published, tmp_path) -> None:
    _, found = published(made())
    other = Catalog(tmp_path / "elsewhere")
    again = other.publish(
        made(),
        name="other-name",
        environment="test",
        source=SOURCE,
        certificate=Certificate(True),
    )
    assert again.digest == found.digest
    assert again.lineage == found.lineage


def test_the_same_data_in_two_environments_are_two_snapshots(made, published) -> None:
    _, one = published(made())
    _, other = published(made(), environment="real")
    assert one.digest != other.digest
    assert one.lineage != other.lineage


def test_a_manifest_moved_to_another_environment_is_refused(made, published) -> None:
    catalog, found = published(made())
    manifest = json.loads(found.manifest_path.read_bytes()) | {"environment": "real"}
    found.manifest_path.write_text(json.dumps(manifest))
    with pytest.raises(Damaged, match="other content"):
        catalog.resolve("made")


def test_one_changed_value_gives_another_digest(made, published) -> None:
    panel = made()
    _, found = published(panel)
    panel.bars[0].volume[-1] += 1
    _, other = published(panel, "other")
    assert other.digest != found.digest


def test_publishing_again_recognises_the_digest_and_writes_nothing_new(made, published) -> None:
    _, found = published(made())
    before = found.manifest_path.stat().st_mtime_ns
    catalog, again = published(made())
    assert again.digest == found.digest
    assert found.manifest_path.stat().st_mtime_ns == before
    pointer = json.loads((catalog.sets.folder / "made.json").read_bytes())
    assert pointer["current"] == found.digest
    assert pointer["history"] == [found.digest]


def test_a_newer_snapshot_of_a_name_remembers_its_parent(made, published) -> None:
    _, old = published(made(n_bars=1000))
    catalog, new = published(made(n_bars=1100))
    assert new.manifest["parent"] == old.digest
    assert catalog.resolve("made").digest == new.digest
    pointer = json.loads((catalog.sets.folder / "made.json").read_bytes())
    assert pointer["history"] == [old.digest, new.digest]


@pytest.mark.parametrize(
    "file", ["bars.parquet", "readiness.json", "calendar.json", "manifest.json"]
)
def test_one_changed_byte_of_the_mining_part_is_refused_by_name(made, published, file) -> None:
    catalog, found = published(made())
    path = found.path / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Damaged, match=found.digest[:12]):
        catalog.open_mining("made")


def test_one_changed_byte_of_the_sealed_part_is_refused_by_name(made, published) -> None:
    catalog, found = published(made())
    path = catalog.sealed / found.digest / "bars.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    catalog.open_mining("made")
    with pytest.raises(Damaged, match=found.digest[:12]):
        catalog.open_sealed("made")


def test_a_forged_file_with_a_forged_manifest_is_refused(made, published) -> None:
    import polars as pl

    catalog, found = published(made())
    bars = found.path / "bars.parquet"
    pl.read_parquet(bars).with_columns(close=pl.col("close") * 1.0001).write_parquet(bars)
    manifest = json.loads(found.manifest_path.read_bytes())
    manifest["files"]["bars.parquet"] = blake3.blake3(bars.read_bytes()).hexdigest()
    found.manifest_path.write_text(json.dumps(manifest))
    with pytest.raises(Damaged, match="not those its digest names"):
        catalog.open_mining("made")


def test_a_manifest_with_a_later_boundary_is_refused(made, published) -> None:
    catalog, found = published(made())
    manifest = json.loads(found.manifest_path.read_bytes())
    manifest["boundary"] = "2030-01-01T00:00:00Z"
    found.manifest_path.write_text(json.dumps(manifest))
    with pytest.raises(Damaged, match="other content"):
        catalog.open_mining("made")


def test_a_certificate_that_does_not_say_yes_publishes_nothing(made, published, tmp_path) -> None:
    catalog, _ = published(made())
    for answer in (False, None):
        with pytest.raises(DataNotReady):
            catalog.publish(
                made(n_bars=1200),
                name="bad",
                environment="test",
                source=SOURCE,
                certificate=Certificate(answer),
            )
    assert catalog.sets.names() == ("made",)
    assert len(catalog.digests()) == 1
    assert len(list((tmp_path / "state" / "sealed").iterdir())) == 1


def test_too_short_a_sealed_window_is_refused_and_nothing_is_written(
    made, published, tmp_path
) -> None:
    panel = made(n_bars=1000)
    with pytest.raises(DataNotReady, match="300 sealed"):
        published(panel, min_sealed_bars=301)
    assert not (tmp_path / "data").exists()


def test_unknown_names_and_short_prefixes_are_refused_with_the_known_ones(made, published) -> None:
    catalog, found = published(made())
    with pytest.raises(NotFound, match="made"):
        catalog.resolve("nothing")
    with pytest.raises(NotFound):
        catalog.resolve(found.digest[:7])
    with pytest.raises(InvalidInput):
        published(made(), "../outside")


def test_an_interrupted_publication_leaves_no_snapshot_and_can_be_repeated(
    made, published, monkeypatch
) -> None:
    real = Path.rename
    calls = []

    def broken(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise OSError(errno.EIO, "power cut")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(DiskRefused, match="power cut"):
        published(made())
    monkeypatch.undo()
    catalog, found = published(made())
    assert catalog.digests() == (found.digest,)
    assert len(list(catalog.snapshots.iterdir())) == 1
    assert len(catalog.open_sealed("made")) == 300


def test_what_a_killed_import_left_behind_is_swept_away(made, published, tmp_path) -> None:
    left = tmp_path / "data" / "snapshots" / ".staging-0123456789abcdef-999999999"
    left.mkdir(parents=True)
    (left / "bars.parquet").write_bytes(b"half")
    catalog, found = published(made())
    assert [path.name for path in catalog.snapshots.iterdir()] == [found.digest]


def lineages_file(tmp_path: Path, *records: dict[str, object]) -> None:
    (tmp_path / "data").mkdir(exist_ok=True)
    data = {"schema_version": 1, "lineages": list(records)}
    (tmp_path / "data" / "lineages.json").write_text(json.dumps(data))


RECORD = {
    "lineage": "lin_old",
    "environment": "test",
    "instruments": ["AAA", "ZZZ"],
    "first": "2009-01-01",
    "last": "2012-01-01",
    "boundary": "2012-01-10",
}


def test_overlapping_data_join_the_lineage_and_keep_its_boundary(made, published, tmp_path) -> None:
    lineages_file(tmp_path, RECORD)
    _, found = published(made())
    assert found.lineage == "lin_old"
    assert found.manifest["joins"] == ["lin_old"]
    assert found.boundary == "2012-01-10T00:00:00Z"


@pytest.mark.parametrize(
    "change",
    [{"instruments": ["ZZZ"]}, {"last": "2009-12-31"}, {"environment": "real"}, {"venue": "us"}],
    ids=["other instrument", "no common date", "other environment", "other venue"],
)
def test_unrelated_lineages_do_not_bind(made, published, tmp_path, change) -> None:
    lineages_file(tmp_path, RECORD | change)
    _, found = published(made())
    assert found.lineage != "lin_old"
    assert found.manifest["joins"] == []


def test_of_several_joined_lineages_the_earliest_boundary_holds(made, published, tmp_path) -> None:
    earlier = RECORD | {"lineage": "lin_zzz", "instruments": ["ZZZ"], "boundary": "2011-06-01"}
    lineages_file(tmp_path, RECORD, earlier)
    _, found = published(made())
    assert found.boundary == "2011-06-01T00:00:00Z"
    assert found.manifest["joins"] == ["lin_old", "lin_zzz"]


def test_later_data_of_a_known_lineage_are_sealed_whole(made, published) -> None:
    _, old = published(made(n_bars=1000))
    _, new = published(made(n_bars=1500), "longer")
    assert new.boundary == old.boundary
    assert new.lineage == old.lineage
    assert new.manifest["rows_sealed"] == 800


def test_a_window_that_moved_on_opens_older_bars_to_new_imports(made, published, tmp_path) -> None:
    _, old = published(made(n_bars=1000))
    moved = {"lineage": old.lineage, "instruments": ["AAA"], "boundary": "2014-01-01"}
    lineages_file(tmp_path, RECORD | moved | {"last": "2013-12-31"})
    _, new = published(made(n_bars=1500), "longer")
    assert new.boundary == "2014-01-01T00:00:00Z"
    assert new.lineage == old.lineage


def test_a_snapshot_cut_later_than_its_lineage_is_no_longer_mined(
    made, published, tmp_path
) -> None:
    catalog, found = published(made())
    assert parse_iso(found.boundary) > parse_iso(RECORD["boundary"])
    lineages_file(tmp_path, RECORD)
    with pytest.raises(DataNotReady, match="sealed from 2012-01-10"):
        catalog.open_mining("made")
    _, again = published(made())
    assert again.boundary == "2012-01-10T00:00:00Z"
    assert len(catalog.open_mining("made")) < 700


def test_an_unreadable_list_of_lineages_stops_the_import(made, published, tmp_path) -> None:
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "lineages.json").write_text("{")
    with pytest.raises(Damaged, match="lineages"):
        published(made())


def test_the_certificate_of_another_snapshot_is_damage(made, published) -> None:
    catalog, one = published(made(("AAA",)), "one")
    other = published(made(("BBB",)), "other")[1]
    taken = (other.path / "readiness.json").read_bytes()
    (one.path / "readiness.json").write_bytes(taken)
    with pytest.raises(Damaged, match="certificate of readiness was changed"):
        catalog.open_mining("one")
    manifest = json.loads((one.path / "manifest.json").read_bytes())
    manifest["files"]["readiness.json"] = blake3.blake3(taken).hexdigest()
    (one.path / "manifest.json").write_bytes(json.dumps(manifest).encode())
    with pytest.raises(Damaged, match="that of another snapshot"):
        catalog.open_mining("one")


def test_shorter_bars_are_counted_by_their_days(tmp_path) -> None:
    days = np.arange(400, dtype=np.int64) * DAY_NS
    stamps = (days[:, None] + np.arange(14, 21) * 3_600_000_000_000).ravel()
    flat = np.full(stamps.size, 10.0)
    panel = make_panel([Bars("AAA", stamps, flat, flat, flat, flat, flat)], "1h", "us", 1757.0)
    catalog = Catalog(tmp_path)
    options = {"environment": "test", "source": SOURCE, "certificate": Certificate(True)}
    with pytest.raises(DataNotReady, match="120 sealed"):
        catalog.publish(panel, name="hours", **options)
    found = catalog.publish(panel, name="hours", min_sealed_bars=120, **options)
    assert found.manifest["bars_sealed"] == 840
