"""What people do with credits: who may give, see and charge them. The ledger is `billing`, which knows no people."""
