"""What the agent has learned of a home, for people: gathered (day), said (words), drawn."""
