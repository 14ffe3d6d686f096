"""Pure decisions: values in, values out; no framework, no database, no clock."""
