"""The optional stage before reviews: pass mark and self-test, the best of each country and group go on."""
