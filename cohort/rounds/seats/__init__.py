"""What becomes of a sealed decision: concurrence, acts, offers, replacements."""
