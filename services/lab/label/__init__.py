"""What sticks to a tube: the specimen's number as a Code 128, and whose it is.

code128  a number becomes bars
label    labels become a PDF, one page each
"""
