"""A made-up town, written as a billing system would export it."""

from bustia.synth.export import TownSummary, write_town

__all__ = ["TownSummary", "write_town"]
