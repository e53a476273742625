"""SCP-ECG as EN 1064 (ISO 11073-91064) has it: sections, their checksums, the coded samples and what is said of them.

All integers are little-endian; sample numbers, section pointers and bytes of the standard count from 1.
"""
