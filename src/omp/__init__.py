"""OMP: a perpetual strategy-mining orchestrator whose Hall of Fame noise cannot enter."""

__version__ = "0.1.0"
