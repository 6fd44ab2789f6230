"""What the OpenID Foundation's own suite needs to test this server; see README.md beside.

__main__.py         `make run-conformance`: the server, its TLS, its clients, the files
target.py           a server that is ready to be tested
configurations.py   the suite's configurations: clients, and what the browser does on our pages
front.py            a small TLS proxy, which hands over client certificates
trust/              lets that server call a suite whose certificate proves nothing
stand_in.py         a suite that is played, for the tests beside, which walk all of it
"""
