"""The whole way of a run: real Chromium, the real engine and store, a fake Slack that knows the truth."""
