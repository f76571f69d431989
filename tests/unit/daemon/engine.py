"""A small program that keeps the engine protocol, and breaks it when told to.

Usage: engine.py factory run --campaign FILE --run-id ID --out DIR --seed N [--resume] …
How it behaves stands in the environment variable ENGINE, words divided by commas:
generations=N pause=S deaf fork empty busy huge bad crash=N noevidence, and gate: it waits after
generation 4 until there is a file `go` in the workspace. lucky: it measures luck for ever. diverge:
a computation gives two results after generation 0, and it leaves; diverge=finish: it goes on;
diverge=silent: it dies.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

MODES = dict(word.partition("=")[::2] for word in os.environ.get("ENGINE", "").split(",") if word)


def option(name: str, default: str = "") -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def emit(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, "ts": "2026-01-01T00:00:00.000Z", **fields}), flush=True)


def durable(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    part.replace(path)


def mine() -> int:
    from tests.unit.daemon.rundirs import finish  # after the hostile modes: it loads the product

    out, pause = Path(option("--out")), float(MODES.get("pause", "0.01"))
    generations = int(MODES.get("generations", "3"))
    checkpoint = out / "checkpoint" / "state.json"
    first = json.loads(checkpoint.read_text())["next"] if checkpoint.exists() else 0
    leaving: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: leaving.append(1))
    emit("start", run_id=option("--run-id"), seed=int(option("--seed", "0")), first=first)
    for generation in range(first, generations):
        charges = out / "charges.ndjson"
        with charges.open("a") as file:
            base = {"schema_version": 1, "attempt": 1, "generation": generation}
            file.write(json.dumps({**base, "kind": "charge", "genomes": 10}) + "\n")
        time.sleep(pause)
        while "gate" in MODES and generation > 4 and not Path("go").exists() and not leaving:
            time.sleep(0.02)
        if MODES.get("crash") == str(generation) and first <= generation:
            return 1
        with charges.open("a") as file:
            done = {"kind": "result", "behaviours": 8, "distinct": 8 * (generation + 1)}
            file.write(json.dumps({**base, **done}) + "\n")
        checkpoint.parent.mkdir(exist_ok=True)
        durable(checkpoint, json.dumps({"next": generation + 1}))
        emit(
            "progress", generation=generation, generations=generations, best_sharpe=0.1,
            candidates=5, trials=8 * (generation + 1), evals_per_s=100.0, eta_s=1.0,
        )  # fmt: skip
        if "diverge" in MODES and generation == 0:
            said = {"genome": "ab", "field": "sharpe", "message": "Genome ab gave two results."}
            emit("divergence", first="1" * 64, second="2" * 64, **said)
            if MODES["diverge"] == "silent":
                os.kill(os.getpid(), signal.SIGKILL)
            if MODES["diverge"] != "finish":
                emit("error", code="diverged", exit_code=8, faults=[], message=said["message"])
                return 8
        if leaving:
            emit("checkpoint", generation=generation)
            return 130
    finish(out, run_id=option("--run-id"), seed=int(option("--seed", "0")),
           generations=generations, digest=option("--data-digest"),
           with_evidence="noevidence" not in MODES)  # fmt: skip
    emit("result", manifest="done")
    return 0


def luck() -> int:
    fields = {
        "copies": int(option("--copies")), "block_bars": 63, "trials": 6000,
        "luck_measured_annual": 1.2, "luck_assumed_annual": 1.4, "best_of_run_annual": 1.9,
        "share_as_good": 0.25, "random_rules": 2000, "effective_random_rules": 475,
        "without_trades": 100,
    }  # fmt: skip
    while "lucky" in MODES:  # it is still at it
        time.sleep(0.02)
    emit("result", **fields)
    return 0


def main() -> int:
    if sys.argv[1:3] == ["factory", "luck"]:
        return luck()
    if "deaf" in MODES:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "fork" in MODES:  # leaves the session, and its parent at once
        sleeper = [sys.executable, "-c", "import time; time.sleep(300)"]
        code = f"import subprocess; subprocess.Popen({sleeper!r}, start_new_session=True)"
        subprocess.run([sys.executable, "-c", code], start_new_session=True)
    if "empty" in MODES:
        return 0
    if "bad" in MODES:
        emit("error", code="data_not_ready", message="3 gaps in AAA.", exit_code=3, faults=[])
        return 3
    if "huge" in MODES:
        chunk = "x" * (1 << 20)
        for _ in range(int(MODES["huge"] or "5")):
            sys.stdout.write(chunk)
        sys.stdout.write("\n")
    if "hang" in MODES or "busy" in MODES:
        emit("start", run_id=option("--run-id"))
        print("I am about to think very hard", file=sys.stderr, flush=True)
        while True:
            if "busy" in MODES:
                emit("progress", generation=0, generations=3)
            time.sleep(0.05)
    return mine()


if __name__ == "__main__":
    sys.exit(main())
