"""The crash-only cluster behind `manage.py qcluster`.

supervisor (the parent) > sentinel > workers, monitor, dispatcher. django-q2's queues and locks are shared memory: a
process that is killed while it holds one stops the others for good. So nobody repairs: whoever dies by a signal takes
the whole cluster along, and the supervisor starts a fresh one.
"""
