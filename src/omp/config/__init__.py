"""Settings and campaign files: read strictly, every fault named with its place."""
