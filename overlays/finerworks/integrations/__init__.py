"""Adapters for other packages: one module each, which needs the corresponding extra."""
