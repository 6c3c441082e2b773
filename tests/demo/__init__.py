"""The demo: the main job end to end on real servers, from nothing: python3 -m tests.demo"""
