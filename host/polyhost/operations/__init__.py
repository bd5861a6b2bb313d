"""Every owner operation once: name, typed request, typed result. Surfaces are generated from this registry."""
