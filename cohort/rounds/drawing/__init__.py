"""The lottery of a call: its chances, published before the seed, and the draw."""
