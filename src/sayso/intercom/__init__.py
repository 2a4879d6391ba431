"""Intercom's surface: its REST API for contacts and their subscriptions, versions 2.7 to 2.16 and Preview."""
