"""RFC 8628: signing in on a device that has no keyboard.

device ─► authorization.py ─► codes          person ─► verification.py ─► sign_in.py, consent.py
   └───── polls grants/device_code.py ◄──────────────────────┘
"""
