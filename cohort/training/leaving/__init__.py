"""How a firm leaves the plan: what follows is shown first, then done."""
