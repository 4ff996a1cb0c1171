"""The site: two built trees, assembled under one roof."""
