"""Real browsers: finding and starting one, its session, the bridge into a page, the governor, the fence, recordings."""
