"""Recurrence: where each firm stands, each change of stage, and who is told."""
