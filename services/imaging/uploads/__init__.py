"""Resumable uploads, tus 1.0 (tus.io): core, creation, creation-with-upload, expiration, checksum, termination.

Our own and not the package tuspyserver: that one keeps its state in files beside the bytes, answers before anything is
synced, knows no clinics, and rewrites a whole file to throw a chunk of a wrong checksum away.
"""
