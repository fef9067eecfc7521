"""The ledger of deliveries: claim, deliver, verify, back off."""
