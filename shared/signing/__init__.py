"""Signed reports: what is signed, who signs it under which certificate, and how anybody checks it.

canonical   one byte form of a JSON value (RFC 8785) and its digest
document    ReportDocument: the statement that is signed and served
authority   the region's certificate authority: a development one, or an external one's files
trust       the region's roots, and the one check of a certificate chain
keys        a physician's key, wrapped under the signing PIN
place       where on a sheet a signature is shown
signatory   a key with its certificate chain: whoever is about to sign
grants      an unlocked key for some minutes, sealed into a token
container   the frame around a signature in a PDF
jws         the statement under JWS (RFC 7515, general serialization, ES256)
pades       the sheet under PAdES: the author certifies, the reviewer fills the second field
signer      what one signature says of its maker
inspection  what a signed sheet proves
verification  the verdict on a file somebody hands in
"""
