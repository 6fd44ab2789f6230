"""Third-party clients, unchanged, against a running server.

Each signs a user in through the hosted pages or fetches a token, with every check switched on that
the client has. The Node ones are scripts in `node/` that print JSON for the tests to judge.
"""
