"""The run protocol, pure: messages, manifests, scope, keys and the run state machine. No I/O, no clock, no asyncio."""
