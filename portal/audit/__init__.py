"""What administrators and teachers look at: who did what, and whether cloud, portal and ledger say the same. It reads,
and changes nothing."""
