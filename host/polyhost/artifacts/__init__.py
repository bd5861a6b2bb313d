"""Files an owner hands over: opened safely, read as streams, never unpacked. No knowledge of any site."""
