"""Who we are to Atlassian: the OAuth 2.0 (3LO) client, the grants we hold, and the way in."""
