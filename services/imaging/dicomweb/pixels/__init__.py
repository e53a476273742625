"""Pixels out of stored bytes: where a frame lies, and what is done to it in a process of its own.

``job.work`` is what the sandbox runs. Codecs, each with its licence: OpenJPEG by pylibjpeg-openjpeg (MIT; JPEG 2000 and
HTJ2K), CharLS by pyjpegls (MIT; JPEG-LS), pylibjpeg-rle (MIT), GDCM by python-gdcm (BSD-3-Clause; every JPEG, lossless
and 12 bit too), Pillow (MIT-CMU). pylibjpeg-libjpeg is GPL and must not be installed.
"""
