"""Confluence Cloud for Telamon."""
