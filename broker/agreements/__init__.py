"""Who may see what, why, until when: documents, and the one function that decides."""
