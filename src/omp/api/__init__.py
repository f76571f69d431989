"""The HTTP face: `/api/omp`, aliased `/api/v1`."""
