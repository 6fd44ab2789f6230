"""The audit log: what happened, to whom, from where.

Every entry is written in the transaction it speaks of, so that an acknowledged token has its
entry on disk. Keys and payloads follow the reference (events.json).
"""
