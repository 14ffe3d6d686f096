"""The diagnostic of a firm in seven areas at start, month 18 and end, and the capacity that was gained."""
