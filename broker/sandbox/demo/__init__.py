"""A realistic case, played live through a sandbox: what is delivered, what is refused and by whom, and the proof."""
