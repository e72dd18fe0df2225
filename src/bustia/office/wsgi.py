"""The door that the web server knocks at: opens the instance once a process, for as long as it."""

import atexit
import os
from contextlib import ExitStack
from pathlib import Path

from django.core.wsgi import get_wsgi_application

from bustia.instance import open_instance

__all__ = ["application"]

_kept = ExitStack()
_kept.enter_context(open_instance(Path(os.environ.get("BUSTIA_INSTANCE", "instance"))))
atexit.register(_kept.close)

application = get_wsgi_application()
