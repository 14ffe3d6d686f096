"""The export log, its proof, and the flag of recurring exporters."""
