"""An app whose jobs leave traces outside the database, for processes that get killed."""
