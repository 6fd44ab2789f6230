"""Lets the server under test call a suite whose certificate proves nothing.

Python imports this module at its start when its folder is on PYTHONPATH. It is never part of the
product: what the suite is told and asked there is about clients that live as long as the bench.
"""

import functools
import ssl

_verifying = ssl.create_default_context


@functools.wraps(_verifying)
def _believing(*arguments, **options):  # type: ignore[no-untyped-def]
    context = _verifying(*arguments, **options)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


ssl.create_default_context = _believing
