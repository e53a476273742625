"""All SQL of the imaging centre's own tables: plain functions in the caller's transaction.

Rows of patients are reached through a case that the workflow has shown to be visible, or through the clinic's own
upload: nothing here takes an identifier that a stranger could have sent.
"""
