"""How sure we are of a person: failed attempts are counted and the identifier is locked, so that
nobody guesses, and a sign-in that succeeds has a level.

Owns: failed_attempts. One row per (identifier hash, action), changed by single statements, so
that parallel guesses are all counted.

Read `attempts.py` for the rule, `store.py` for the statements, `levels.py` for the levels.
"""
