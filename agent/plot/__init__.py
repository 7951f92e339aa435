"""What a sensor has measured, for people: gathered (series), drawn as text and as a picture."""
