"""Jobs, mail and processes, proved with real processes and a real mail server."""
