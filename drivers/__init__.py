"""One file per kind of sensor; knows readings and nothing else."""
