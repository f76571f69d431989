"""The dashboard: pages that each answer a question, kept up to date by server-sent events."""
