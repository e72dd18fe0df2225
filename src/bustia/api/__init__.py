"""What billing systems and integrators ask over HTTP."""
