"""What ECG carts send, read into one ``Recording``: a file a format, found by content and never by file name."""
