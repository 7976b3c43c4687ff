"""What clusters take of a course's limits and credits."""
