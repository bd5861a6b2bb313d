"""polyhost: get your own data out of the sites you are logged in to, and know exactly what you have."""

__version__ = "0.2.0.dev0"
