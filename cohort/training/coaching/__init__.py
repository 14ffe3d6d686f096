"""What a coach and a firm talked about, and the next step."""
