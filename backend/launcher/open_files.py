"""How many files and sockets the processes of one start may have open."""

import resource

WANTED = 65_536
"""Most systems grant 1,024 unless they are asked: an open stream takes two, its client's and its model's."""


def allow_open_files(wanted: int = WANTED) -> None:
    """Raises the soft limit of this process and of all that it starts, as far as the hard one goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    granted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < granted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
