"""Tests on real servers: one behaviour a file."""
