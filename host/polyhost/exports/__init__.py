"""Writing records into files people can use elsewhere: one module per format, one folder that is whole or is not."""
