"""An instance: the folder that holds a company's settings, keys, database and archive."""

from bustia.instance.config import Config
from bustia.instance.instance import Instance, create_instance, current_instance, open_instance

__all__ = ["Config", "Instance", "create_instance", "current_instance", "open_instance"]
