"""Benchmarks of the SDK and its peers: `make bench`, `make bench-quick`. See README.md."""
