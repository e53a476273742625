"""The imaging centre against Debian's Orthanc: both servers and the client on one machine, in one run.

Everything happens in a network namespace of its own, because Orthanc 1.10 listens on every address whatever it is told.
"""
