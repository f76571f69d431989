"""The process that never sleeps: observe, decide, act."""
