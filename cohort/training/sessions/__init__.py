"""Training sessions: planned, invited to, attended, and the hours they gave each firm."""
