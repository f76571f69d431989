"""The laboratory: measures the product itself, on markets whose truth is known."""
