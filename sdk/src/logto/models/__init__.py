"""Values: oidc.py has the protocol's names, response.py the server's answers, client.py our own."""
