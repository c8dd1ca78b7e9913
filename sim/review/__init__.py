"""Who reads a request and what may stop it: gates, looks and grounds, the queue in which files wait, and what follows."""
