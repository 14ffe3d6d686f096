"""Dated milestones of every member, their evidence, confirmation and reminders."""
