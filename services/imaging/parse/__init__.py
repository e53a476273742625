"""Reading what clinics send: DICOM files, ZIP archives, patient CDs. Pure and synchronous; raises only ``Refused``."""
