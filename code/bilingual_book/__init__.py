"""The machinery of the book: parity, execution, building, notebooks, assembly."""
