"""What becomes of clusters: passes, changes and ends."""
