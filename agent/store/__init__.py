"""What is kept on disk: readings, events, detector states."""
