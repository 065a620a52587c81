"""The synthetic merchant, made day by day."""

from services.sandbox.generator.day import Day, World
from services.sandbox.generator.steps import extend, start

__all__ = ["Day", "World", "extend", "start"]
