"""Resumable uploads, tus 1.0 (tus.io): core, creation, creation-with-upload, expiration, checksum, termination.

Our own: who may write which upload, how much a clinic may hold, and that an answered offset is on the disk are this
centre's rules and stand in its database.
"""
