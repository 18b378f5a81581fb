"""A first look without any configuration: the server beside an emulated Atlassian Cloud."""
