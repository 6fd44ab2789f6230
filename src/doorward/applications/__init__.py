"""Applications: the OAuth clients of a tenant, and their secrets.

Owns: applications, application_secrets; what each type may do (`types.py`); redirect URI rules
(`redirect_uris.py`); /api/applications. The token server reads them through `cached.py`.
"""
