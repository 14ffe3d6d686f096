"""Takes the people who act for a firm and what they agreed to."""
