"""Protection against guessing: failed attempts are counted and the identifier is locked.

Owns: failed_attempts. One row per (identifier hash, action), changed by single statements, so
that parallel guesses are all counted.

Read `attempts.py` for the rule, `store.py` for the statements.
"""
