"""Decides what each customer is told, in which words, and why the rest is not."""
