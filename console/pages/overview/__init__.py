"""Today at a glance."""

from console.pages.overview.overview import PAGE

__all__ = ["PAGE"]
