"""How forms of the Office are written: label, hint, field and error together, a summary on top."""

from django.forms.renderers import TemplatesSetting

__all__ = ["Renderer"]


class Renderer(TemplatesSetting):
    """Renders forms and fields by the Office's own templates."""

    form_template_name = "office/forms/form.html"
    field_template_name = "office/forms/field.html"
