"""Checking: who verified which export by which evidence, and why one was sent back."""
