"""API resources and their scopes: what an access token can be for.

Owns: resources, scopes; /api/resources; the protection of the management API's own resource.
"""
