"""The market room: bars, snapshots, readiness, windows, and markets whose truth is known.

It belongs to the mining wing. It knows no database, no web and no daemon; nothing here is ever
imported by the control wing.
"""
