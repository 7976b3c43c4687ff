"""What was used. Knows no Heat: it is told of resources by their ids."""
