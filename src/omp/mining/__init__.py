"""The mining room: campaign, data snapshot and seed in; a run directory out. It keeps no state."""
