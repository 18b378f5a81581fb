"""An emulated Jira for trying the server without Atlassian; production never imports it."""
