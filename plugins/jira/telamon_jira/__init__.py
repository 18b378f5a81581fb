"""Jira Cloud for Telamon."""
