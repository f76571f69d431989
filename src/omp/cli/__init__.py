"""The two console commands: `omp` for the orchestrator, `combiner` for the engine."""
