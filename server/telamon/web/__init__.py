"""What HTTP needs that is neither OAuth nor MCP: bodies, limits, cookies, pages, health."""
