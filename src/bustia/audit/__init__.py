"""Who changed what, and when: a log that nobody can alter.

``from bustia.audit.log import Actor, record`` writes an entry; see docs/changes.md.
"""
