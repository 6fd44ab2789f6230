"""The machinery of the management API: who may call, paging, search, validation, error bodies.

    request ─► envelope (headers, ETag) ─► guard (bearer token) ─► body (strict JSON)
            ─► the slice's handler ─► paging ─► response
                     └─ raises ─► errors: {code, message, data?, details?}

Slices declare their endpoints in `<slice>/api.py` on top of this; nothing here knows an entity.
`routes.py` puts handlers behind the guard (`management_router`) or in the open (`public_router`);
the Experience API is an open one. /api/swagger.json is generated from those declarations.

Read `guard.py`, then `body.py` for what handlers take and `errors.py` for how they refuse.
"""
