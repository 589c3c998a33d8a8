"""The processes behind `manage.py qcluster`. If one of them is killed, all are ended and started again.

The supervisor starts the sentinel, which starts workers, a monitor and a dispatcher. django-q2's queues and locks are
in shared memory: a process that is killed while it holds a lock blocks the others for ever. So nothing is repaired. If
a child dies by a signal, the whole cluster ends, and the supervisor starts a new one.
"""
