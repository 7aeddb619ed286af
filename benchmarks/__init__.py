"""How fast the SDK is, beside its peers: `make bench` and `make bench-quick`. README.md says how to read it."""
