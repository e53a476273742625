"""Whether a recording can be read at all, is wired as its lead names say, and where the pacemaker fires."""
