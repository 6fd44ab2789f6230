"""Device codes: a device without a keyboard that waits for a person with one (RFC 8628).

    device ──► /oidc/device/auth ──► device_code, with which it polls, and user_code, which it shows
    person ──► /device, user_code ──► Waiting ─┬─► Approved ─► the next poll gets tokens; it is gone
                                               └─► Refused

Owns: device_codes; how a user code looks (`user_codes.py`). The endpoints, the pages and the grant
belong to the `oidc` surface. Of the device code a hash is stored, of the user code, which is short,
a keyed one. Approving and redeeming are one conditional statement each.
"""
