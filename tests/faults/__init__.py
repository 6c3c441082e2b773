"""The fault harness: python3 -m tests.faults"""
