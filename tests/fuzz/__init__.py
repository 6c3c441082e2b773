"""Fuzzing: python3 -m tests.fuzz"""
