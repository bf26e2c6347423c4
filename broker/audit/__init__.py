"""Evidence: events, decision records, checkpoints, proofs, questions."""
