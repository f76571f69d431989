"""TA-Lib comes in without the data frames that are installed beside it."""

import json
import subprocess
import sys


def test_the_engine_loads_no_data_frames() -> None:
    code = (
        "import json, sys; import omp.engine; "
        "print(json.dumps([m for m in ('pandas', 'polars', 'talib') if m in sys.modules]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert json.loads(run.stdout) == ["talib"]


def test_what_was_loaded_before_stays() -> None:
    code = "import polars, omp.engine, sys; assert sys.modules['polars'] is polars"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
