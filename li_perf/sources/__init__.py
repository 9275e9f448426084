"""How a kind of server speaks: a request in, a body out; no network."""
