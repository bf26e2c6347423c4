"""A realistic case, played live: what is delivered, what is refused and by whom, and the proof."""
