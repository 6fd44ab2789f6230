"""The sign-in experience: what users of a tenant see and which ways in they have.

Owns: one document per tenant (branding, colours, sign-up and sign-in methods, social targets,
policies), its validation, /api/sign-in-exp and /api/.well-known/sign-in-exp.

Read `document.py` for the typed document and its defaults, `checks.py` for what may be saved,
`cached.py` for how requests read it.
"""
