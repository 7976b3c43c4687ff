"""User-data, frameworks, and the node program with its bundle. Standard library only."""
