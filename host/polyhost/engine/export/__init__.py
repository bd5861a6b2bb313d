"""What is stored, written into a folder for use without polyhost.

Offers: `export`. Must not know: what a file of any format looks like (`polyhost.exports` does), surfaces.
"""
