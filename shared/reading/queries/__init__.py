"""All SQL of the reading workflow. What returns patient data takes the Actor; another's case is not found."""
