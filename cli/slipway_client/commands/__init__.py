"""The verbs, one module for each noun. What they share stands in ..verbs and ..session."""
