"""Reviews of one round: who reads which file, conflicts, marks, and the score that comes of them."""
