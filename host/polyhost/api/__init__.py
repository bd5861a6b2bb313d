"""The owner API: the operations over HTTP, on this machine only, for whoever has the token. It formats; it decides
nothing."""
