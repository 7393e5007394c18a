"""The design system: base templates, components, tags, htmx answers; no word of the field."""
