"""How values are written where no page says it itself, as in the admin."""
