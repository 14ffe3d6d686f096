"""Calls and prepared WhatsApp messages to firms."""
