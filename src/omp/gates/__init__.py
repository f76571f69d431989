"""The gates: each a question with bars, in a file of its own; two panels ask them in order."""
