"""The version of the distribution, read from here by its build."""

__version__ = "0.1.0"
