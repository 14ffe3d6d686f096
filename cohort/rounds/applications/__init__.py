"""Applications: how a firm finds its way in, fills in the form, submits and is checked for eligibility."""
