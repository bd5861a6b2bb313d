"""The bridge between a polyfill in a page and the host: docs/bridge.md says how and why."""
