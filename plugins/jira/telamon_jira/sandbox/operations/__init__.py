"""The emulated REST operations, one module for each group of them."""
