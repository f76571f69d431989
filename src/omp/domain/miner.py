"""The miner: what a person wants, and what is."""

from omp.domain.machine import Machine

MINER = Machine(
    name="miner",
    start="offline",
    moves={
        ("offline", "start"): "running",
        ("running", "pause"): "paused",
        ("running", "stop"): "offline",
        ("paused", "resume"): "running",
        ("paused", "stop"): "offline",
    },
    notes={
        ("running", "pause"): "nothing new is started; what runs goes on, unless suspended",
        ("running", "stop"): "what runs is checkpointed back to queued; the daemon stays up",
    },
)
