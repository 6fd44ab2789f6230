"""Writes docs/reference from the code, so that it cannot tell anything else.

    python -m tools.reference            # write
    python -m tools.reference --check    # fail when a page is not what the code says

Each page is a module with `FILE` and `render()`.
"""

from tools.reference import commands, conformance, routes, settings, specifications

PAGES = (settings, commands, routes, conformance, specifications)
