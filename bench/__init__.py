"""Measures how fast bills are made: the same ones by the press, by Typst and by its peers."""
