"""The machinery of the management API: who may call, paging, search, validation, error bodies.

    request ─► envelope (headers, ETag) ─► guard (bearer token) ─► body (strict JSON)
            ─► the slice's handler ─► paging ─► response
                     └─ raises ─► errors: {code, message, data?, details?}

Slices declare their endpoints in `<slice>/api.py` on top of this; nothing here knows an entity.
A new endpoint is a handler in a slice's HANDLERS, which `doorward/api.py` lists:

    @post("/api/shelves", tags=["Shelves"])
    async def create_shelf(data: CreateShelf, db: Database, edge: Edge) -> ShelfView:
        '''Put up a shelf.'''
        async with db.transaction(edge.tenant_id) as tx:
            shelf = await rules.create_shelf(tx, tenant_id=edge.tenant_id, name=data.name)
        return view_shelf(shelf)

`routes.py` puts handlers behind the guard (`management_router`) or in the open (`public_router`);
the Experience API is an open one. `description.py` makes /api/swagger.json of the declarations.
Each code that is raised has its text in `locales/en.json`; a test holds us to that.

Read `guard.py`, then `body.py` and `query.py` for what handlers take and `errors.py` for how they
refuse.
"""
