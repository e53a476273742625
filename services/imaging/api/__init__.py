"""What is read back from the imaging centre: the instances of a case."""
