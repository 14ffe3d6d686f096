"""Files of firms judged without a database: reading them, wording the verdicts, and the command `classify`."""
