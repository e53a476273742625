"""Sheets as a hospital hands them out: typst templates, embedded Chinese fonts, PDF/A-2b.

fonts     the packaged fonts, and which characters they have
render    a template and its data become a sheet; where its signature boxes are
head      what every centre's sheet says of patient, exam and people, in the reader's words
stamp     the appearance of a signature
qr        the verification address as a QR code
wording   ages, sexes, sides and kinds of visit in Chinese
leftovers words of a template that nobody filled in

Templates import ``/shared/paper/sheet.typ``. A user's text reaches them as data and is set as strings: none of it is
ever read as markup.
"""
