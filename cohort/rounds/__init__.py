"""Calls, applications, scores, the decision and its public record."""
