"""OpenID Connect Core section 3.1.2: what `authorize.py` and `resume.py` are made of.

    source ─► request (with request_object, claims_request, authorization_details, response_type)
           ─► prompts, step_up, consent        may the session answer, or has a page to ask first?
           ─► codes, front_channel ─► response (jarm)

Owns no endpoint. `source.py` says which parameters count, `request.py` checks them, `response.py`
carries the answer to the client.
"""
