"""What is done for a whole class: clusters that are ready at an hour, ends that are put off, an end for all."""
