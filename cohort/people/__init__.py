"""People, sign-in, roles, invitations and country scope; what a firm is lives in firms."""
