"""Changes of many due dates at once: shown first, applied together, taken back together."""
