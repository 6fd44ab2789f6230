"""House rules, each a small lint with its own tests in tests/lints.

    python -m tools.lints          # every rule, on every file of the repository

A rule is a module with a `check(source)` that yields findings. A place that breaks a rule for a
good reason says so on its line or the line above:

    except Exception:  # lint: broad-except: a listener's failure must not end the others

Read first: `source.py`, then any rule.
"""

from tools.lints import (
    broad_except,
    colours,
    determinism,
    inline_code,
    length,
    links,
    markup,
    outbound,
    secret_logs,
    sql_place,
    tenant_scope,
    words,
)

RULES = (
    tenant_scope,
    sql_place,
    markup,
    inline_code,
    colours,
    broad_except,
    outbound,
    secret_logs,
    determinism,
    words,
    links,
)
ADVICE = (length,)
