"""Brings a whole file of firms onto the register, or nothing of it."""
