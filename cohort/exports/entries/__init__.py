"""Logging: what a firm says it exported, and its files."""
