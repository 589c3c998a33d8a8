"""A year of a busy installation, of any size, for measurements (`manage.py seed_scale`)."""
