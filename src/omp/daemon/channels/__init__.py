"""Where news of the record is delivered: a shelf of channels, one file each."""
