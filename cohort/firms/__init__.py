"""Firms, their declared ownership and size facts, evidence and consents."""
