"""The laboratory's report: what the technologist decides, what is signed of it, and its sheet.

form       what the technologist writes
evidence   the specimen, its results as the rules judged them, what the case's released version said
decisions  each result with what the technologist made of it
checks     why a form cannot be signed, and whether a physician has to sign it
content    what is signed
compose    form and evidence become content
layout     rows, columns and pages of results
sheet      the signed statement on paper
"""
