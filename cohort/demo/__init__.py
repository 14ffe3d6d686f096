"""The story that a new installation tells, built by the same services and jobs."""
