"""The shipped demo data: real, adjusted, ready, small, and honest about where they come from."""

from importlib.resources import files

import numpy as np

from omp.market.demo import FILE, NAME, SYMBOLS, demo_panel, provenance
from omp.market.readiness import judge_panel
from omp.market.splits import boundary_index
from omp.market.venues import venue


def test_the_demo_is_ready_and_every_symbol_has_in_sample_bars() -> None:
    panel = demo_panel()
    assert NAME == "us-large-caps"
    assert panel.symbols == SYMBOLS
    assert len(panel) == 3270
    assert judge_panel(panel, venue("us")).ready is True
    cut = panel.timestamp[boundary_index(len(panel), 0.3)]
    assert all((one.timestamp < cut).sum() > 1000 for one in panel.bars)


def test_splits_are_adjusted_away() -> None:
    """Apple split 2:1 on 2000-06-21 and 2005-02-28; neither shows in the returns."""
    apple = demo_panel(["AAPL"]).bars[0]
    for day in ("2000-06-21", "2005-02-28"):
        at = int(np.searchsorted(apple.timestamp, np.datetime64(day, "ns").astype(np.int64)))
        assert 0.9 < apple.open[at] / apple.close[at - 1] < 1.1
    assert 3.9 < apple.close[0] < 4.4


def test_the_file_is_small_and_its_licence_travels_with_it() -> None:
    folder = files("omp.market.demo")
    assert len((folder / FILE).read_bytes()) < 300_000
    text = provenance()["text"]
    for word in ("public domain", "survivors only", "bokeh-sampledata", "adjusted close", "FB"):
        assert word in text
