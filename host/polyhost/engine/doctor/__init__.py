"""`doctor`: looks everything over that a run depends on, and says of each thing what to do.

Must not know: surfaces. Nothing here changes anything but a file of its own that it removes again.
"""
