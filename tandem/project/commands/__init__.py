"""The commands of `tandem`, one module each, imported only when asked for."""
