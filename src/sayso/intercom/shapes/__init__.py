"""The newest version's shapes on Intercom's wire: key order and nulls as the original prints them."""
