"""The program on a PC in the clinic (前置机): takes what machines send, keeps it safe, brings it to the region.

It speaks DICOM and folders to the machines, and to the region nothing but its public REST interface.
"""
