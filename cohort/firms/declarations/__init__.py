"""Takes what a firm declares of its ownership and size, and the verdict of a person on it."""
