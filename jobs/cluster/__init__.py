"""The processes behind `manage.py qcluster`: a supervisor starts a sentinel, which starts the dispatcher, the monitor
and the workers.

Workers, monitor and dispatcher share django-q2's queues and locks in memory. A process that is killed while it holds a
lock blocks the others forever. So if a signal kills one child process, the supervisor starts a whole new cluster.
"""
