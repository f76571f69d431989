"""A minimal engine that keeps the contract, in a tenth of a second and without the product.

    python -S small.py factory run --campaign FILE --run-id ID --out DIR --seed N --data-digest D …

What it finds is written in `OMP_SMALL/pattern.json`, made by `tests.long.pattern`; each run puts
its own names, seed and hashes in. It charges, settles, reports and checkpoints like any engine.
"""

import json
import os
import signal
import struct
import sys
import time
from pathlib import Path

HOME = Path(os.environ["OMP_SMALL"])
PATTERN = json.loads((HOME / "pattern.json").read_text())
sys.path.extend(PATTERN["sys_path"])

import zstandard  # noqa: E402 - found where the pattern says, since this starts without site
from blake3 import blake3  # noqa: E402

BASE = {"schema_version": 1, "ts": "2026-01-01T00:00:00.000Z"}


def option(name: str, default: str = "") -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def emit(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, "ts": BASE["ts"], **fields}), flush=True)


def durable(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        if not os.environ.get("OMP_SMALL_LAZY"):
            os.fsync(file.fileno())
    part.replace(path)


def charge(out: Path, **fields: object) -> None:
    with (out / "charges.ndjson").open("a") as file:
        file.write(json.dumps({**BASE, "attempt": 1, "generation": 0, **fields}) + "\n")
        file.flush()
        if not os.environ.get("OMP_SMALL_LAZY"):
            os.fsync(file.fileno())


def hexed(text: str) -> str:
    return blake3(text.encode()).hexdigest()


def luck() -> int:
    emit(
        "result", copies=int(option("--copies")), block_bars=63, trials=PATTERN["trials"],
        luck_measured_annual=1.2, luck_assumed_annual=1.4, best_of_run_annual=None,
        share_as_good=None, random_rules=2000, effective_random_rules=475, without_trades=100,
    )  # fmt: skip
    return 0


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    if sys.argv[1:3] == ["factory", "luck"]:
        return luck()
    out, run_id = Path(option("--out")), option("--run-id")
    pause = float(os.environ.get("OMP_SMALL_PAUSE_S", "0"))
    emit("start", run_id=run_id, seed=int(option("--seed")))
    charge(out, kind="charge", genomes=PATTERN["genomes"])
    time.sleep(pause)
    charge(out, kind="result", behaviours=PATTERN["trials"], distinct=PATTERN["trials"])
    emit("progress", generation=0, generations=1, best_sharpe=0.1, candidates=1,
         trials=PATTERN["trials"], evals_per_s=1.0, eta_s=0.0)  # fmt: skip
    genome = hexed(f"genome {run_id}")
    new = {
        "@CANDIDATE@": f"cand_{genome[:20]}",
        "@GENOME@": genome,
        "@BEHAVIOUR@": hexed(f"behaviour {run_id}")[:32],
        "@RUN@": run_id,
        '"@SEED@"': option("--seed"),
        "@DATA@": option("--data-digest"),
        "@CONFIG@": hexed((out / "campaign.toml").read_text())
        if PATTERN["config"] is None
        else PATTERN["config"],
    }

    def filled(text: str) -> bytes:
        for old, one in new.items():
            text = text.replace(old, one)
        return text.encode()

    files: dict[str, bytes] = {}
    listed: dict[str, str] = {}
    for name, text in PATTERN["candidate"].items():
        data = filled(text)
        if name == "metrics.obfs":
            packed = zstandard.ZstdCompressor(level=9).compress(data)
            body = struct.pack("<8sHII", b"OMPOBFS\0", 1, len(data), len(packed)) + packed
            data = body + blake3(body).digest()
        files[f"hall_of_fame/{new['@CANDIDATE@']}/{name}"] = data
        listed[name] = blake3(data).hexdigest()
    new |= {f"@{name}@": value for name, value in listed.items()}
    files |= {name: filled(text) for name, text in PATTERN["run"].items()}
    for name, data in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        durable(out / name, data)
    bound = {
        name: blake3((out / name).read_bytes()).hexdigest()
        for name in (*files, "campaign.toml", "charges.ndjson")
    }
    manifest = json.loads(filled(PATTERN["manifest"]))
    manifest.update(files=bound, seed=int(option("--seed")))
    durable(out / "manifest.json", json.dumps(manifest, sort_keys=True).encode())
    emit("result", manifest="done")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as error:  # what the contract calls a shortage: the run is tried again
        emit("error", code="disk_refused", message=str(error), exit_code=4)
        sys.exit(4)
