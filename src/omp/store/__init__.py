"""The record: one database with one writer, the journal, the vault of artifacts."""
