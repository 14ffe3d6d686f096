"""Who is reminded of what on which day, bundled, never twice."""
