"""The imaging centre's report: its form, what a form lacks, and its sheet."""
