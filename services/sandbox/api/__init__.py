"""Stripe's HTTP API over the sandbox's world."""
