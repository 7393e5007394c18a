"""The JSON API: assembly only. Each room's router, one error map, one OpenAPI file."""
