"""The operator's verbs: `verb(desk, noun, *, reason)`; every face of the product calls these."""
