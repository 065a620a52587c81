"""The HTTP face: sign-in, probes, metrics, exports, hooks. Every route declares a right or is public by name."""
