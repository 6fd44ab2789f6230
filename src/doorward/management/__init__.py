"""The machinery of the management API: who may call, paging, validation, error bodies.

Slices declare their endpoints in `<slice>/api.py` on top of this; nothing here knows an entity.
"""
