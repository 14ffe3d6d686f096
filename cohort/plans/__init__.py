"""The two-year plan: countries, policy versions, milestone template and members."""
