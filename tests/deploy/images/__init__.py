"""The Dockerfile's own steps, run in file trees made by debootstrap: what can be tried of images without an engine."""
