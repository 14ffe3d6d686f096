"""Calls: a round from ready template to publication, and the pages where anybody finds an open one."""
