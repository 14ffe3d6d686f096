"""The calendar of each person as a feed that calendar programs read."""
