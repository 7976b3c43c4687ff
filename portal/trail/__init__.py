"""The audit trail: who did what to which object, when and by which way. Rows are only ever added."""
