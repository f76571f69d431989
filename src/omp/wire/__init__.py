"""The two things that cross between the wings: progress lines and the run directory."""
