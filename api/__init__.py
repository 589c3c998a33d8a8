"""The HTTP API at which programs read and change a workspace (docs/programs.md). Every view that writes calls the same
functions as the workspace pages; the package `api` has no business rules.
"""
