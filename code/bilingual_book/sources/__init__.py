"""Read the sources: pages, directives, formulas, code, terms. Nothing here runs."""
