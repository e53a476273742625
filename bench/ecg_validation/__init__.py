"""How right the ECG measurements are: against cardiologists' marks (LUDB) and against carts' own numbers."""
