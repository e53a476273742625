"""The ECG centre's report: its form, the numbers it accepts or corrects, what a form lacks, and its sheet.

form      what the reader writes
evidence  the case's recordings with what the computer measured
numbers   the computer's numbers, and the reader's in their place
checks    why a form cannot be signed
content   what is signed
layout    which lead stands where on the paper
drawing   grid, calibration and curves as vectors at true scale
sheet     the signed statement on paper
"""
