"""HTTP: thin blueprints that parse, call one use case and answer."""
