"""Puts a mistyped tax number right, with the reason, and keeps the one that stood before."""
