"""The test runner: python3 -m tests.run all|check|unit|system"""
