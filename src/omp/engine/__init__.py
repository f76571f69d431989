"""The engine room: rules, their fills and their search. It knows bars, never files or campaigns."""
