"""What the OpenID Foundation's own suite needs to test this server; see README.md beside.

__main__.py         `make run-conformance`: the server, its TLS, its clients, the files
target.py           a server that is ready to be tested
front.py            a small TLS proxy, which hands over client certificates
configurations/     the suite's configurations, with places for what is known at the start
"""
